"""What the page takes from npm: fetched, checked, cut down, and kept in `functions/web/vendor`. `python -m infra.web` does it again."""
