"""Does it work here: back-test, recalibration, training, monitoring, and what the programme did."""
