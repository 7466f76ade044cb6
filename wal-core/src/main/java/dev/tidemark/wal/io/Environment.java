package dev.tidemark.wal.io;

import java.util.random.RandomGenerator;

/**
 * Everything in which two runs of the engine can differ.
 *
 * @param disk where files are
 * @param clock what time it is
 * @param timers runs tasks later, by that clock
 * @param threads where threads come from
 * @param random where ids and salts come from; safe for use by many threads
 */
public record Environment(Disk disk, Clock clock, Timers timers, Threads threads, RandomGenerator random) {

    /** The real disk, time, threads and randomness. */
    public static Environment real() {
        return RealWorld.ENVIRONMENT;
    }

    /** The same with another disk. */
    public Environment withDisk(Disk disk) {
        return new Environment(disk, clock, timers, threads, random);
    }

    /** The same with other time: a clock, and timers that follow it. */
    public Environment withTime(Clock clock, Timers timers) {
        return new Environment(disk, clock, timers, threads, random);
    }

    /** The same with other threads. */
    public Environment withThreads(Threads threads) {
        return new Environment(disk, clock, timers, threads, random);
    }

    /** The same with other randomness. */
    public Environment withRandom(RandomGenerator random) {
        return new Environment(disk, clock, timers, threads, random);
    }
}
