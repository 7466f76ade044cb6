package dev.tidemark.stress;

import dev.tidemark.wal.api.Durability;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the processes on one directory have told, and what therefore has to be there: the oracle. Acknowledged is a part of
 * recovered is a part of submitted, in order, byte for byte, batches whole; and what was recovered once stays.
 */
final class KillLedger {
    private record Acknowledged(long offset, Durability reached) {}

    private final long seed;
    private List<List<KillListing.Entry>> known = new ArrayList<>();
    private Set<Long> submitted = new HashSet<>();
    private Map<Long, Acknowledged> acknowledged = new HashMap<>();
    private Set<Long> recovered = new HashSet<>();

    KillLedger(long seed) {
        this.seed = seed;
    }

    /** By the threads that read the children's reports; the judge looks when those have ended. */
    synchronized void submits(long id) {
        submitted.add(id);
    }

    synchronized void acknowledged(long id, long offset, Durability reached) {
        acknowledged.merge(
                id,
                new Acknowledged(offset, reached),
                (before, now) -> now.reached.compareTo(before.reached) > 0 ? now : before);
    }

    long entriesKnown() {
        return known.stream().mapToLong(List::size).sum();
    }

    /** Compares, then starts anew from what is there. Returns what is wrong. */
    List<String> judge(KillListing found) {
        List<String> wrong = new ArrayList<>();
        if (!found.wrong().isEmpty()) {
            wrong.add(found.wrong());
            return wrong;
        }
        Map<Long, Long> offsets = new HashMap<>();
        for (int number = 0; number < found.partitions().size(); number++) {
            List<KillListing.Entry> entries = found.partitions().get(number);
            List<KillListing.Entry> before = number < known.size() ? known.get(number) : List.of();
            if (entries.size() < before.size()
                    || !entries.subList(0, before.size()).equals(before)) {
                wrong.add("partition " + number + " lost or changed what was recovered before: had " + before.size()
                        + " entries, has " + entries.size());
                continue;
            }
            follow(number, entries, before.size(), offsets, wrong);
        }
        for (Map.Entry<Long, Acknowledged> promise : acknowledged.entrySet()) {
            long id = promise.getKey();
            Acknowledged told = promise.getValue();
            Long offset = offsets.get(id);
            if (offset == null ? told.reached != Durability.ACCEPTED : offset != told.offset) {
                wrong.add("append " + Long.toHexString(id) + " was acknowledged as " + told + " and is "
                        + (offset == null ? "lost" : "at offset " + offset));
            }
        }
        known = found.partitions();
        submitted = new HashSet<>();
        acknowledged = new HashMap<>();
        return wrong;
    }

    /** Goes through what is new in a partition: dense, submitted, once, in the order of each thread, batches whole. */
    private void follow(
            int number, List<KillListing.Entry> entries, int from, Map<Long, Long> offsets, List<String> wrong) {
        Map<Long, Long> lastOfThread = new HashMap<>();
        long next = from == 0 ? 0 : endOf(entries.get(from - 1));
        int at = from;
        while (at < entries.size()) {
            KillListing.Entry first = entries.get(at);
            KillPayload payload = new KillPayload(seed, first.id());
            String what =
                    "partition " + number + " offset " + first.offset() + " append " + Long.toHexString(first.id());
            if (!submitted.contains(first.id()) || payload.partition(KillChild.PARTITIONS) != number) {
                wrong.add(what + " was never submitted here");
                return;
            }
            if (!recovered.add(first.id())) {
                wrong.add(what + " is there twice");
            }
            Long before = lastOfThread.put(KillPayload.threadOf(first.id()), first.id());
            if (before != null && before > first.id()) {
                wrong.add(what + " stands behind a later one of its thread");
            }
            offsets.put(first.id(), first.offset());
            for (int entry = 0; entry < payload.entries(); entry++, at++) {
                boolean isThere = at < entries.size()
                        && entries.get(at).id() == first.id()
                        && entries.get(at).entry() == entry
                        && entries.get(at).offset() == next;
                if (!isThere) {
                    wrong.add(what + " is not whole, or not where the one before ends: entry " + entry);
                    return;
                }
                next = endOf(entries.get(at));
            }
        }
    }

    private static long endOf(KillListing.Entry entry) {
        return entry.offset() + entry.count();
    }
}
