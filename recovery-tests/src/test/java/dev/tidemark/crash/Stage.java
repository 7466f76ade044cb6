package dev.tidemark.crash;

import java.util.Map;
import java.util.TreeMap;

/** What a process was doing with its store when the crash came. */
enum Stage {
    /** Opening it: recovery. */
    OPENING,
    /** Using it. */
    SERVING,
    /** Closing it. */
    CLOSING;

    /** When each stage began, in operations on the disk. */
    static final class Times {
        private final TreeMap<Long, Stage> begins = new TreeMap<>();

        void begins(Stage stage, long at) {
            begins.put(at, stage);
        }

        /** What it was doing when that many operations had returned. */
        Stage at(long boundary) {
            // The operation that returned last decides: a crash behind the last step of an opening is still one in it.
            Map.Entry<Long, Stage> began = begins.lowerEntry(boundary);
            return began == null ? OPENING : began.getValue();
        }
    }
}
