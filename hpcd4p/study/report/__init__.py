"""What a study says: figures, tables, laws, and the page that has them."""
