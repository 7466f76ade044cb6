package dev.tidemark.wal.io;

/**
 * One state after a crash, and what is needed to produce it again.
 *
 * @param boundary how many operations had returned
 * @param plan what was lost
 * @param disk the disk as the next process finds it
 */
public record CrashState(long boundary, CrashPlan plan, SimulatedDisk disk) {}
