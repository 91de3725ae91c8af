// How long changes took over the last day (C3): a small plot for each direction, of the slowest change of every half hour.

import { moment, took } from "../lib/dates.js";
import { html, view } from "../lib/ui.js";
import { t } from "../lib/words.js";
import { me } from "../store/lists.js";

const SPAN = 1800; // seconds of one bar
const BARS = 48;
const WIDE = 10; // of one bar with its gap, in the plot's own measure
const HIGH = 60;
const LINES = [1, 60, 3600]; // seconds that have a line of their own
const MOST = 6 * 3600; // seconds that fill the height; the scale is logarithmic, so that seconds show beside hours

const DIRECTIONS = [
  ["pull", "From Salesforce"],
  ["push", "To Salesforce"],
];

const height = (seconds) => HIGH * Math.min(1, Math.log(1 + seconds) / Math.log(1 + MOST));

export const Lag = view(({ lags, now }) => {
  const end = Math.floor(now / 1000 / SPAN) * SPAN; // when the half hour began that it is now
  return html`
    <section class="card" aria-labelledby="lag-title">
      <h2 id="lag-title">${t("How long changes took, over the last day")}</h2>
      ${lags.length === 0
        ? html`<p class="quiet">${t("Nothing was carried over in the last day.")}</p>`
        : html`<div class="lags">${DIRECTIONS.map(([id, name]) => html`<${Plot} key=${id} id=${id} name=${t(name)} lags=${lags.filter((one) => one.direction === id)} end=${end} />`)}</div>
            <p class="quiet help">${t("Each bar is the slowest change of half an hour.")}</p>`}
    </section>`;
});

const Plot = ({ id, name, lags, end }) => {
  const worst = Math.max(...lags.map((one) => one.worst_seconds));
  const words = lags.length
    ? t("{direction}: slowest {worst}, last {last}", { direction: name, worst: took(worst), last: took(lags.at(-1).worst_seconds) })
    : t("{direction}: nothing in the last day", { direction: name });
  const bars = lags.map((one) => ({ ...one, at: BARS - 1 - (end - Date.parse(one.at) / 1000) / SPAN, when: one.at })).filter(({ at }) => at >= 0 && at < BARS);
  return html`
    <figure class="lag">
      <figcaption><bdi>${words}</bdi></figcaption>
      <div class="lag-plot">
        <svg class=${`is-${id}`} role="img" aria-label=${words} viewBox=${`0 0 ${BARS * WIDE} ${HIGH}`} preserveAspectRatio="none">
          ${LINES.map((seconds) => html`<line x1="0" x2=${BARS * WIDE} y1=${HIGH - height(seconds)} y2=${HIGH - height(seconds)} />`)}
          ${bars.map(({ at, when, worst_seconds: seconds }) => html`
            <rect key=${when} x=${at * WIDE + 1} width=${WIDE - 2} y=${HIGH - Math.max(2, height(seconds))} height=${Math.max(2, height(seconds))}><title>${moment(when, me.value.time_zone)}: ${took(seconds)}</title></rect>`)}
        </svg>
        ${LINES.map((seconds) => html`<span class="lag-line" aria-hidden="true" style=${{ bottom: `${(100 * height(seconds)) / HIGH}%` }}>${took(seconds, "narrow")}</span>`)}
      </div>
      <p class="lag-ends" aria-hidden="true"><span>${t("24 hours ago")}</span><span>${t("now")}</span></p>
    </figure>`;
};
