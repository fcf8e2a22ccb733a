"""Ways to sum up a flow file by source, destination and day: a program each, as its users would write it.

All do the same job and leave the same table: `src,dst,day,flows`, then the sum and the sum of squares of the duration
and of the forward packets, exact, as text, in any order of lines. They are run as
`python -c 'from bench.engines.by_NAME import main; main()'` with the arguments that `bench.engines.job` reads.
"""
