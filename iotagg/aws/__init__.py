"""AWS: the clients, and what iotagg does with S3 and SQS."""
