"""S3, SQS and DynamoDB as AWS documents them, in memory, in one process, under a clock of their own.

Each service has one entry, `call(operation, parameters)`, with what botocore sends and what it would answer. A call is
atomic, takes no time, and fails only for what is asked of it: lost replies, conflicts and throttling are for whoever
stands in front of it. What is not simulated raises NotImplementedError, a parameter as well as an operation.
"""
