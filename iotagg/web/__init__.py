"""What iotagg knows, over HTTP: `app.py` joins the parts, each file beside it answers about one thing."""
