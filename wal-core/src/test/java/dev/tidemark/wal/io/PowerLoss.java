package dev.tidemark.wal.io;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Turns a state of a disk into one of the states a loss of power can leave behind, asking {@link CrashChoices} wherever
 * the rules allow more than one. The same answers give the same state.
 *
 * <p><b>Threads.</b> One use, one thread; the state it reads is not changed.
 */
final class PowerLoss {

    private final DiskState before;
    private final NameRule rule;
    private final boolean withRemains;
    private final CrashChoices choices;

    /** The last change of metadata that reached the journal; all that came later did not. Only for ANY_FORCE. */
    private long journalEnd = Long.MAX_VALUE;

    private final List<DiskState.Remains> remains = new ArrayList<>();
    private final IdentityHashMap<Node, Node> settled = new IdentityHashMap<>();
    private final Map<DirectoryNode, Map<String, Node>> namesLeft = new HashMap<>();

    private PowerLoss(DiskState before, NameRule rule, boolean withRemains, CrashChoices choices) {
        this.before = before;
        this.rule = rule;
        this.withRemains = withRemains;
        this.choices = choices;
    }

    static DiskState of(DiskState before, NameRule rule, boolean withRemains, CrashChoices choices) {
        return new PowerLoss(before, rule, withRemains, choices).state();
    }

    private DiskState state() {
        before.remains.forEach(old -> remains.add(new DiskState.Remains(-1, old.pages)));
        if (rule == NameRule.ANY_FORCE) {
            journalEnd = chooseJournalEnd();
        }
        chooseNames();
        DirectoryNode root = settle(before.root);
        return DiskState.settled(root, before, remains);
    }

    // ---- names

    private long chooseJournalEnd() {
        TreeSet<Long> changes = new TreeSet<>();
        before.nameChanges.forEach(change -> changes.add(change.operation));
        before.files()
                .forEach(file -> file.resizes.stream()
                        .filter(resize -> resize.truncation)
                        .forEach(resize -> changes.add(resize.operation)));
        long[] ends = new long[changes.tailSet(before.journalledBefore).size() + 1];
        ends[0] = before.journalledBefore - 1;
        int next = 1;
        for (long change : changes.tailSet(before.journalledBefore)) {
            ends[next++] = change;
        }
        long[] operations = ends.clone();
        operations[0] = -1;
        return ends[choose(operations)];
    }

    private void chooseNames() {
        List<NameChange> dropped = new ArrayList<>();
        for (NameChange change : before.nameChanges) {
            if (happened(change, dropped)) {
                for (NameChange.Entry entry : change.entries) {
                    entry.applyTo(namesLeft.computeIfAbsent(entry.directory, d -> new TreeMap<>(d.durable)));
                }
            } else {
                dropped.add(change);
            }
        }
    }

    private boolean happened(NameChange change, List<NameChange> dropped) {
        if (rule == NameRule.ANY_FORCE) {
            return change.operation <= journalEnd;
        }
        if (dropped.stream().anyMatch(change::needs)) {
            return false;
        }
        return choose(new long[] {-1, change.operation}) == 1;
    }

    private DirectoryNode settle(DirectoryNode directory) {
        DirectoryNode copy = new DirectoryNode(directory.id);
        settled.put(directory, copy);
        Map<String, Node> names = namesLeft.getOrDefault(directory, directory.durable);
        names.forEach((name, node) -> {
            Node known = settled.get(node);
            if (known == null) {
                known = node instanceof DirectoryNode ? settle((DirectoryNode) node) : settle((FileNode) node);
            }
            known.names++;
            copy.entries.put(name, known);
            copy.durable.put(name, known);
        });
        return copy;
    }

    // ---- contents

    private FileNode settle(FileNode file) {
        FileNode copy = new FileNode(file.id);
        settled.put(file, copy);
        copy.durable = file.durable.copy();
        long sizeAt = -1;
        copy.durableSizeBytes = file.durableSizeBytes;
        if (!file.resizes.isEmpty()) {
            int chosen = chooseResize(file);
            if (chosen >= 0) {
                sizeAt = file.resizes.get(chosen).operation;
                copy.durableSizeBytes = chooseSizeWithin(file, chosen);
            }
        }
        copy.sizeBytes = copy.durableSizeBytes;
        for (Map.Entry<Integer, List<FileNode.Version>> entry : file.versions.entrySet()) {
            int page = entry.getKey();
            byte[] bytes = null;
            if ((long) page * Pages.PAGE_BYTES < copy.sizeBytes) {
                bytes = settlePage(file, page, entry.getValue(), sizeAt, copy.sizeBytes);
            }
            copy.durable.set(page, bytes);
        }
        clearBehindEnd(copy);
        copy.cached = copy.durable.copy();
        return copy;
    }

    /** Which change of the size was the last to reach the disk; -1 for none. */
    private int chooseResize(FileNode file) {
        int first = -1;
        int end = file.resizes.size();
        for (int i = 0; i < file.resizes.size(); i++) {
            FileNode.Resize resize = file.resizes.get(i);
            if (rule == NameRule.ANY_FORCE && resize.truncation) {
                if (resize.operation <= journalEnd) {
                    first = i;
                } else {
                    end = i;
                    break;
                }
            }
        }
        long[] operations = new long[end - first];
        for (int i = first; i < end; i++) {
            operations[i - first] = i < 0 ? -1 : file.resizes.get(i).operation;
        }
        return first + choose(operations);
    }

    /** A write that made the file longer may have got only some of its blocks to the disk. */
    private long chooseSizeWithin(FileNode file, int chosen) {
        FileNode.Resize resize = file.resizes.get(chosen);
        if (resize.truncation) {
            return resize.sizeBytes;
        }
        long previous = chosen == 0 ? file.durableSizeBytes : file.resizes.get(chosen - 1).sizeBytes;
        long firstBoundary = (previous / Pages.PAGE_BYTES + 1) * Pages.PAGE_BYTES;
        if (firstBoundary >= resize.sizeBytes) {
            return resize.sizeBytes;
        }
        int boundaries = Math.toIntExact((resize.sizeBytes - 1 - firstBoundary) / Pages.PAGE_BYTES) + 1;
        long[] operations = new long[boundaries + 1];
        Arrays.fill(operations, resize.operation);
        int answer = choose(operations);
        return answer == boundaries ? resize.sizeBytes : firstBoundary + (long) answer * Pages.PAGE_BYTES;
    }

    private byte[] settlePage(FileNode file, int page, List<FileNode.Version> history, long sizeAt, long sizeBytes) {
        // Only versions from one life of the page: from the last cut the size has seen to the first it has not.
        int from = 0;
        int to = history.size();
        boolean fresh = file.durable.get(page) == null;
        for (int i = 0; i < history.size(); i++) {
            if (history.get(i).isCut()) {
                if (history.get(i).operation <= sizeAt) {
                    from = i + 1;
                    fresh = true;
                } else {
                    to = i;
                    break;
                }
            }
        }
        byte[] base = fresh ? null : file.durable.get(page);
        if (from >= to) {
            return base;
        }
        List<FileNode.Version> life = history.subList(from, to);
        List<DiskState.Remains> under = fresh && withRemains ? remainsBefore(life.get(0).operation) : List.of();
        byte[] result = base == null ? new byte[Pages.PAGE_BYTES] : base.clone();
        for (int sector = 0; sector < Pages.SECTORS; sector++) {
            if ((long) page * Pages.PAGE_BYTES + (long) sector * Pages.SECTOR_BYTES < sizeBytes) {
                settleSector(result, page, sector, life, under);
            }
        }
        return result;
    }

    private void settleSector(
            byte[] result, int page, int sector, List<FileNode.Version> life, List<DiskState.Remains> under) {
        List<FileNode.Version> distinct = new ArrayList<>();
        byte[] previous = under.isEmpty() ? result : null;
        for (FileNode.Version version : life) {
            if ((version.sectors & 1 << sector) == 0) {
                continue;
            }
            if (distinct.isEmpty()
                    ? previous == null || !Pages.sameSector(previous, version.page, sector)
                    : !Pages.sameSector(distinct.get(distinct.size() - 1).page, version.page, sector)) {
                distinct.add(version);
            }
        }
        int answer = 0;
        if (!distinct.isEmpty()) {
            long[] operations = new long[distinct.size() + 1];
            operations[0] = -1;
            for (int i = 0; i < distinct.size(); i++) {
                operations[i + 1] = distinct.get(i).operation;
            }
            answer = choose(operations);
        }
        int at = sector * Pages.SECTOR_BYTES;
        if (answer > 0) {
            System.arraycopy(distinct.get(answer - 1).page, at, result, at, Pages.SECTOR_BYTES);
        } else if (!under.isEmpty() && choices.remains()) {
            Pages old = under.get(choices.any(under.size())).pages;
            // Most dangerous is what lay at the same position of another file; so that is taken where it can be.
            byte[] bytes = old.get(page);
            if (bytes == null) {
                bytes = old.get(choices.any(old.end()));
            }
            if (bytes != null) {
                System.arraycopy(bytes, at, result, at, Pages.SECTOR_BYTES);
            }
        }
    }

    private List<DiskState.Remains> remainsBefore(long operation) {
        return before.remains.stream().filter(old -> old.operation < operation).toList();
    }

    private static void clearBehindEnd(FileNode file) {
        int end = Math.toIntExact((file.sizeBytes + Pages.PAGE_BYTES - 1) / Pages.PAGE_BYTES);
        for (int page = file.durable.end() - 1; page >= end; page--) {
            file.durable.set(page, null);
        }
        int inPage = (int) (file.sizeBytes % Pages.PAGE_BYTES);
        byte[] last = inPage == 0 ? null : file.durable.get(end - 1);
        if (last != null) {
            byte[] cleared = last.clone();
            Arrays.fill(cleared, inPage, Pages.PAGE_BYTES, (byte) 0);
            file.durable.set(end - 1, cleared);
        }
    }

    private int choose(long[] operations) {
        return operations.length == 1 ? 0 : choices.among(operations);
    }
}
