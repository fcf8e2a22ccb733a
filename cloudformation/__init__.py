"""The CloudFormation templates, as data: iotagg.yaml is the stack, packages.yaml where its code lies."""
