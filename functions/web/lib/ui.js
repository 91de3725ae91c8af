// Preact, htm and signals, joined. Preact's own hooks and signals' own binding import each other by bare names, which a browser
// resolves only with an inline import map; the content policy allows nothing inline, so these few lines bind them instead.

import { Component, h, render } from "../vendor/preact.mjs";
import htm from "../vendor/htm.mjs";
import { effect, untracked } from "../vendor/signals-core.mjs";

export { render };
export { batch, computed, effect, signal, untracked } from "../vendor/signals-core.mjs";

export const html = htm.bind(h);

/**
 * Make a component. `setup(self)` runs once for each place where it stands and gives `view(props)`. The view is drawn again when
 * a property differs, or when a signal that it read has changed. `self.onMount(fn)` runs when it is on the page (what `fn`
 * gives runs when it leaves), `self.onDrawn(fn)` after every drawing; `self.props` are the newest.
 */
export function component(setup) {
  return class extends Component {
    constructor(props) {
      super(props);
      this.mounting = [];
      this.leaving = [];
      this.drawn = [];
      this.view = setup(this);
    }

    onMount(fn) {
      this.mounting.push(fn);
    }

    onDrawn(fn) {
      this.drawn.push(fn);
    }

    componentDidMount() {
      this.leaving = this.mounting.map((fn) => fn()).filter(Boolean);
      for (const fn of this.drawn) fn();
    }

    componentDidUpdate() {
      for (const fn of this.drawn) fn();
    }

    componentWillUnmount() {
      this.stop?.();
      for (const fn of this.leaving) fn();
    }

    shouldComponentUpdate(props, state) {
      return state !== this.state || differ(props, this.props);
    }

    render(props) {
      this.stop?.();
      let drawing = true;
      let drawn;
      this.stop = effect(() => {
        if (drawing) drawn = this.view(props);
        else untracked(() => this.setState({}));
      });
      drawing = false;
      return drawn;
    }
  };
}

/** A component without a state of its own. */
export const view = (draw) => component(() => draw);

function differ(one, other) {
  const names = Object.keys(one);
  return names.length !== Object.keys(other).length || names.some((name) => one[name] !== other[name]);
}

/** Tell people who do not see the page what happened. */
export function announce(text) {
  const place = document.getElementById("live");
  place.textContent = "";
  requestAnimationFrame(() => (place.textContent = text));
}

/** Join class names; what is falsy is left out. */
export const classes = (...names) => names.filter(Boolean).join(" ");
