package dev.tidemark.crashtest;

import java.nio.file.Path;

/**
 * A log under test, as the crash tester sees it. Implement it with a public class that has a public constructor without arguments, and name that
 * class: {@code wal crash-test --adapter com.example.MyLogAdapter --classpath my-log.jar}.
 *
 * <p>The tester creates it in processes of its own, which it kills. Whatever a method throws means that the log says so; the tester
 * never takes it for a success.
 */
public interface LogAdapter {

    /**
     * Opens the log in this directory, which exists, and recovers whatever a crash has left there. An empty directory becomes an empty log.
     * Called again after each crash, in a new process; never while the log is open.
     */
    TestedLog open(Path directory) throws Exception;

    /** What an append that has returned promises to survive. The tester does not look for what was not promised. */
    default Survives survives() {
        return Survives.LOSS_OF_POWER;
    }

    /** How many threads append at the same time; at most 64. */
    default int threads() {
        return 1;
    }
}
