package dev.tidemark.stress;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * The operation on the disk at which a process is killed, and on which side of it.
 *
 * @param phase whether operations are counted from the start, or from when something was acknowledged
 * @param kind which operations count
 * @param file whose
 * @param number which of them, from 1
 * @param moment when exactly
 */
record LastOperation(Phase phase, Kind kind, FileClass file, int number, Moment moment) {

    /** From when operations are counted. */
    enum Phase {
        /** From the start of the process: recovery's own steps, and creating partitions. */
        OPENING,
        /** From the first acknowledgement: a kill before it could show no loss. */
        SERVING
    }

    /** What was asked of the disk. */
    enum Kind {
        ANY,
        CREATE,
        WRITE,
        FORCE,
        RENAME,
        TRUNCATE,
        DELETE,
        FORCE_DIRECTORY
    }

    /** What sort of file it was about, told by its name; of a rename, by the new one. */
    enum FileClass {
        ANY,
        SEGMENT,
        SUCCESSOR,
        METADATA,
        OTHER;

        static FileClass of(Path path) {
            String name = String.valueOf(path.getFileName());
            if (name.endsWith(".seg")) {
                return SEGMENT;
            }
            return name.startsWith("next-") ? SUCCESSOR : name.startsWith("PARTITION") ? METADATA : OTHER;
        }
    }

    /** On which side of the operation. */
    enum Moment {
        BEFORE,
        /** Half of a write has been done; of everything else nothing. */
        INSIDE,
        AFTER
    }

    /** What a store does while it serves, each with how often it comes at least before it is waited for. */
    private enum Step {
        ROUND_WRITTEN(Kind.WRITE, FileClass.SEGMENT, 60),
        ROUND_FORCED(Kind.FORCE, FileClass.SEGMENT, 60),
        SUCCESSOR_MADE(Kind.CREATE, FileClass.SUCCESSOR, 3),
        SUCCESSOR_WRITTEN(Kind.WRITE, FileClass.SUCCESSOR, 6),
        SUCCESSOR_FORCED(Kind.FORCE, FileClass.SUCCESSOR, 3),
        SUCCESSOR_NAMED(Kind.RENAME, FileClass.SEGMENT, 3),
        DIRECTORY_FORCED(Kind.FORCE_DIRECTORY, FileClass.ANY, 6),
        METADATA_MADE(Kind.CREATE, FileClass.METADATA, 3),
        METADATA_WRITTEN(Kind.WRITE, FileClass.METADATA, 3),
        METADATA_FORCED(Kind.FORCE, FileClass.METADATA, 3),
        METADATA_REPLACED(Kind.RENAME, FileClass.METADATA, 3),
        OLD_CUT(Kind.TRUNCATE, FileClass.SEGMENT, 3);

        private final Kind kind;
        private final FileClass file;
        private final int most;

        Step(Kind kind, FileClass file, int most) {
            this.kind = kind;
            this.file = file;
            this.most = most;
        }
    }

    /** All steps of a store that serves, before and after and, where it has one, in the middle, once each and in random order. */
    static List<LastOperation> whileServing(Random random) {
        List<LastOperation> all = new ArrayList<>();
        for (Step step : Step.values()) {
            for (Moment moment : Moment.values()) {
                if (moment != Moment.INSIDE || step.kind == Kind.WRITE) {
                    int number = 1 + random.nextInt(step.most);
                    all.add(new LastOperation(Phase.SERVING, step.kind, step.file, number, moment));
                }
            }
        }
        Collections.shuffle(all, random);
        return all;
    }

    /** Some operation of a store that opens. */
    static LastOperation whileOpening(Random random) {
        Moment moment = Moment.values()[random.nextInt(Moment.values().length)];
        // Often there is little to do; making all the partitions takes many more.
        int number = 1 + random.nextInt(random.nextInt(4) == 0 ? 100 : 8);
        return new LastOperation(Phase.OPENING, Kind.ANY, FileClass.ANY, number, moment);
    }

    boolean matches(Kind done, Path path) {
        return (kind == Kind.ANY || kind == done) && (file == FileClass.ANY || file == FileClass.of(path));
    }

    /** The step without its number, for counting. */
    String step() {
        return moment.name().toLowerCase(Locale.ROOT) + " " + kind + " of " + file;
    }

    /** As an argument of a process. */
    String toArgument() {
        return phase + ":" + kind + ":" + file + ":" + number + ":" + moment;
    }

    static LastOperation parse(String argument) {
        String[] parts = argument.split(":");
        return new LastOperation(
                Phase.valueOf(parts[0]),
                Kind.valueOf(parts[1]),
                FileClass.valueOf(parts[2]),
                Integer.parseInt(parts[3]),
                Moment.valueOf(parts[4]));
    }
}
