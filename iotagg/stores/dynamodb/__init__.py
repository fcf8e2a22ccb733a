"""The store on AWS: one DynamoDB table for sums and records, and a bucket for contributions and rejected lines."""
