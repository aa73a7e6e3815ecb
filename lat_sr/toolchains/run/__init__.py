"""Running tools: plans of files and commands, processes with time limits, and the cache of builds."""
