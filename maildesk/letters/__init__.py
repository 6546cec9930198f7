"""Templates to letters. The only package that imports jinja2."""
