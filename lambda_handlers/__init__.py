"""What AWS Lambda calls: each handler wires an event to the job that it is for."""
