package dev.tidemark.crashtest;

import dev.tidemark.cli.Quantity;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a log gave when it was read: the ids of its records, in its order, and the records that are none of ours. Keeps no bytes.
 *
 * <p><b>Threads.</b> One.
 */
final class Reading {
    private static final int SHOWN_STRANGERS = 3;
    /** A log that hands over more has lost its way; what is behind counts as strange, and takes no memory. */
    private static final int MOST = 10_000_000;

    private final long seed;
    private long[] ids = new long[64];
    private int count;
    private int strangers;
    private final List<String> firstStrangers = new ArrayList<>();

    Reading(long seed) {
        this.seed = seed;
    }

    void add(byte[] record) {
        OptionalLong id = Payload.idOf(seed, record);
        if (id.isEmpty() || count >= MOST) {
            strangers++;
            if (firstStrangers.size() < SHOWN_STRANGERS) {
                firstStrangers.add("at place " + (count + strangers - 1) + ", " + record.length + " bytes");
            }
            return;
        }
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, count * 2);
        }
        ids[count++] = id.getAsLong();
    }

    int count() {
        return count;
    }

    long id(int place) {
        return ids[place];
    }

    /** How many records are not what anybody made. */
    int strangers() {
        return strangers;
    }

    /** What is wrong with the records that nobody made; nothing if there are none. */
    List<String> problems() {
        return strangers == 0
                ? List.of()
                : List.of("with bytes that nobody submitted: " + Quantity.count(strangers, "record") + ", such as "
                        + String.join("; ", firstStrangers));
    }
}
