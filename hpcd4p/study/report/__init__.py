"""The report of a study: figures, tables, laws, and the page that has them."""
