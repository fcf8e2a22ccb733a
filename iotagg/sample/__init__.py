"""Sample traffic: flow CSVs of an invented network, as an IoT gateway would have recorded them."""

from iotagg.sample.options import SampleOptions
from iotagg.sample.writer import write_sample

__all__ = ["SampleOptions", "write_sample"]
