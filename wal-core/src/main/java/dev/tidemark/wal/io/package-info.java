/**
 * The outside world behind interfaces: the disk, time, threads and randomness.
 *
 * <p>Whatever can differ between two runs of the same program arrives through an {@link
 * dev.tidemark.wal.io.Environment}: a {@link dev.tidemark.wal.io.Disk}, a {@link dev.tidemark.wal.io.Clock}, {@link
 * dev.tidemark.wal.io.Timers}, {@link dev.tidemark.wal.io.Threads} and a random generator. The real ones are a few
 * lines each. A test brings simulated ones, which can lose power, fail a chosen call and move time by hand.
 *
 * <p><b>What a disk promises, and what it does not.</b> This is the contract the engine is written against, and what the
 * simulated disk does its worst with:
 *
 * <ul>
 *   <li>A write that returned is seen by every later read, also by those of another process. It survives the end of the
 *       process, not the loss of power.
 *   <li>A completed {@link dev.tidemark.wal.io.DiskFile#force force} makes durable what was written to that file, and its
 *       size, by calls that returned before the force began. Of everything else any subset of 512-byte sectors may be
 *       on the disk after a loss of power, each in any version written since the force before. Space that was allocated
 *       and never forced may hold zeros or remains of deleted files.
 *   <li>Names (creations, renames, deletions) are durable after {@link dev.tidemark.wal.io.Disk#forceDirectory}, and may
 *       be durable sooner, because many file systems commit earlier names with any force. A rename is atomic.
 *   <li>After a force that failed, what it should have covered may be lost for good although reads still show it and
 *       later forces succeed. A force is therefore never repeated.
 * </ul>
 *
 * <p><b>Interrupts.</b> No operation of this package is ended or disturbed by an interrupt of the calling thread, and
 * none clears the thread's interrupt flag.
 */
@NullMarked
package dev.tidemark.wal.io;

import org.jspecify.annotations.NullMarked;
