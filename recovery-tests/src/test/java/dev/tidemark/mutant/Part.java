package dev.tidemark.mutant;

import java.util.Arrays;

/** The parts of the harness. */
enum Part {
    /** The tests of the promises; what is named is a method, or several with commas between. */
    PROMISES("promise tests", "tests"),
    /** Crash enumeration; what is named is a seed. */
    CRASH("crash enumeration", "states"),
    /** Each call on the disk fails; what is named is a plan, and the call at which it begins. */
    FAULTS("faults", "faults"),
    /** Damage to files; what is named is the seed of a store. */
    DAMAGE("damage", "trials"),
    /** Which channel writes, and which forces. */
    CHANNELS("channels", "tests"),
    /** Backups, crashes and failing calls in the middle of them; what is named is a test. */
    BACKUP("backup", "tests"),
    /** Damage that is quarantined; what is named is a test. */
    QUARANTINE("quarantine", "tests"),
    /** What crash enumeration once found, each by itself; what is named is a test. */
    FOUND("found by enumeration", "tests"),
    /** Crash enumeration beside many threads. */
    CRASH_THREADS("crash enumeration with threads", "states"),
    /** Real processes, killed. */
    KILLS("kills", "kills");

    private final String words;
    private final String unit;

    Part(String words, String unit) {
        this.words = words;
        this.unit = unit;
    }

    String words() {
        return words;
    }

    /** What it counts. */
    String unit() {
        return unit;
    }

    static Part of(String words) {
        return Arrays.stream(values())
                .filter(part -> part.words.equals(words))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no such part of the harness: " + words));
    }
}
