"""The CloudFormation templates, as data: packages.yaml is where the code lies, all others together are the stack."""
