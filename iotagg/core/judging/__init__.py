"""What is unusual, judged from days alone: pairs by their own days, devices by their peers, sites by their files."""
