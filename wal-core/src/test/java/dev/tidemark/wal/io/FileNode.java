package dev.tidemark.wal.io;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A simulated file, whatever its names: what the page cache shows, what is on the medium for certain, and what happened
 * in between.
 *
 * <p>For each page that was changed since it was last forced there is a list of its versions, oldest first. A crash picks
 * for each 512-byte sector one of the versions that changed it, or what was durable before. For the size there is a list
 * as well.
 *
 * <p>A truncation frees blocks: a page that lies wholly behind the cut begins a new life with it, and a crash may not mix
 * the old life with the new one, because the file system changes size and block map together. The block in which the cut
 * lies stays; its bytes behind the cut become zero like any other write.
 *
 * <p><b>Threads.</b> Guarded by the disk it belongs to.
 */
final class FileNode extends Node {

    /** One state of a page in the page cache. */
    static final class Version {
        final long operation;
        /** The whole page; null if the page was cut away. */
        final byte @Nullable [] page;
        /** Which sectors this operation changed. */
        final int sectors;
        /** The kernel gave up on it and took the page for clean: it may be on the medium, but no later force puts it there. */
        final boolean lost;

        Version(long operation, byte @Nullable [] page, int sectors, boolean lost) {
            this.operation = operation;
            this.page = page;
            this.sectors = sectors;
            this.lost = lost;
        }

        boolean isCut() {
            return page == null;
        }

        Version without(int otherSectors) {
            return new Version(operation, page, sectors & ~otherSectors, lost);
        }
    }

    /** A change of the size. */
    static final class Resize {
        final long operation;
        final long sizeBytes;
        final boolean truncation;

        Resize(long operation, long sizeBytes, boolean truncation) {
            this.operation = operation;
            this.sizeBytes = sizeBytes;
            this.truncation = truncation;
        }
    }

    Pages cached = new Pages();
    long sizeBytes;
    Pages durable = new Pages();
    long durableSizeBytes;
    final TreeMap<Integer, List<Version>> versions = new TreeMap<>();
    final List<Resize> resizes = new ArrayList<>();

    /** How often writing back has failed; each open handle compares it with what it has reported. */
    int writeBackErrors;

    /** Whether somebody was told of the last failure. If not, the next to open the file will be. */
    boolean writeBackErrorSeen = true;

    /** How many handles of the process that runs are open; never copied, because another process has none. */
    int openHandles;

    FileNode(long id) {
        super(id);
    }

    /** Whether its blocks are occupied. */
    boolean isInUse() {
        return names > 0 || openHandles > 0;
    }

    FileNode copy() {
        FileNode copy = new FileNode(id);
        copy.names = names;
        copy.cached = cached.copy();
        copy.sizeBytes = sizeBytes;
        copy.durable = durable.copy();
        copy.durableSizeBytes = durableSizeBytes;
        for (Map.Entry<Integer, List<Version>> entry : versions.entrySet()) {
            copy.versions.put(entry.getKey(), new ArrayList<>(entry.getValue()));
        }
        copy.resizes.addAll(resizes);
        copy.writeBackErrors = writeBackErrors;
        copy.writeBackErrorSeen = writeBackErrorSeen;
        return copy;
    }

    /** How many pages a write would have to allocate. */
    int newPagesFor(long at, int length) {
        int count = 0;
        for (int page = Pages.pageOf(at); length > 0 && page <= Pages.pageOf(at + length - 1); page++) {
            if (cached.get(page) == null) {
                count++;
            }
        }
        return count;
    }

    void write(long operation, long at, byte[] data, int length) {
        int done = 0;
        while (done < length) {
            long position = at + done;
            int page = Pages.pageOf(position);
            int inPage = (int) (position % Pages.PAGE_BYTES);
            int count = Math.min(length - done, Pages.PAGE_BYTES - inPage);
            byte[] before = cached.get(page);
            byte[] after = before == null || count == Pages.PAGE_BYTES ? new byte[Pages.PAGE_BYTES] : before.clone();
            System.arraycopy(data, done, after, inPage, count);
            change(operation, page, after, Pages.sectors(inPage, inPage + count));
            done += count;
        }
        grow(operation, at + length);
    }

    /** Makes it this long, if it is shorter; what nobody has written is a hole, and reads as zeros. */
    void grow(long operation, long newSizeBytes) {
        if (newSizeBytes > sizeBytes) {
            sizeBytes = newSizeBytes;
            resizes.add(new Resize(operation, sizeBytes, false));
        }
    }

    /** Cuts the file; returns what was in the pages that were freed. */
    Pages truncate(long operation, long newSizeBytes) {
        Pages freed = new Pages();
        int keptPages = Math.toIntExact((newSizeBytes + Pages.PAGE_BYTES - 1) / Pages.PAGE_BYTES);
        for (int page = cached.end() - 1; page >= keptPages; page--) {
            byte[] bytes = cached.get(page);
            if (bytes != null) {
                freed.set(page, bytes);
                change(operation, page, null, Pages.ALL_SECTORS);
            }
        }
        int inPage = (int) (newSizeBytes % Pages.PAGE_BYTES);
        byte[] last = inPage == 0 ? null : cached.get(keptPages - 1);
        if (last != null) {
            byte[] after = last.clone();
            Arrays.fill(after, inPage, Pages.PAGE_BYTES, (byte) 0);
            change(operation, keptPages - 1, after, Pages.sectors(inPage, Pages.PAGE_BYTES));
        }
        sizeBytes = newSizeBytes;
        resizes.add(new Resize(operation, newSizeBytes, true));
        return freed;
    }

    private void change(long operation, int page, byte @Nullable [] bytes, int sectors) {
        cached.set(page, bytes);
        versions.computeIfAbsent(page, p -> new ArrayList<>(2)).add(new Version(operation, bytes, sectors, false));
    }

    /** Makes durable what was done before the operation {@code began}. */
    void force(long began) {
        versions.entrySet().removeIf(entry -> {
            forcePage(entry.getKey(), entry.getValue(), began);
            return entry.getValue().isEmpty();
        });
        int covered = 0;
        while (covered < resizes.size() && resizes.get(covered).operation < began) {
            durableSizeBytes = resizes.get(covered).sizeBytes;
            covered++;
        }
        resizes.subList(0, covered).clear();
    }

    private void forcePage(int page, List<Version> history, long began) {
        byte[] base = durable.get(page);
        boolean mayChangeBase = false;
        List<Version> remaining = new ArrayList<>();
        for (Version version : history) {
            if (version.operation >= began || version.lost) {
                remaining.add(version);
            } else if (version.isCut()) {
                // What came before belongs to blocks that are not the file's any more.
                base = null;
                mayChangeBase = false;
                remaining.clear();
            } else if (version.sectors == Pages.ALL_SECTORS) {
                base = version.page;
                mayChangeBase = false;
                remaining.clear();
            } else {
                if (!mayChangeBase) {
                    base = base == null ? new byte[Pages.PAGE_BYTES] : base.clone();
                    mayChangeBase = true;
                }
                copySectors(version.page, base, version.sectors);
                remaining.replaceAll(lost -> lost.without(version.sectors));
                remaining.removeIf(lost -> lost.sectors == 0);
            }
        }
        durable.set(page, base);
        history.clear();
        history.addAll(remaining);
    }

    private static void copySectors(byte[] from, byte[] to, int sectors) {
        for (int sector = 0; sector < Pages.SECTORS; sector++) {
            if ((sectors & 1 << sector) != 0) {
                int at = sector * Pages.SECTOR_BYTES;
                System.arraycopy(from, at, to, at, Pages.SECTOR_BYTES);
            }
        }
    }

    /** Takes what was done before the operation {@code began} for clean, although it may not be on the medium. */
    void loseUnforced(long began) {
        for (List<Version> history : versions.values()) {
            history.replaceAll(version -> version.operation < began && !version.isCut()
                    ? new Version(version.operation, version.page, version.sectors, true)
                    : version);
        }
        writeBackErrors++;
        writeBackErrorSeen = false;
    }

    /**
     * What was taken for clean leaves the page cache, and is read from the medium from now on; of what the kernel gave up on nothing had
     * got there. A page that was changed again since is not clean, and stays.
     */
    void dropCleanPages() {
        versions.entrySet().removeIf(entry -> {
            boolean isClean = entry.getValue().stream().allMatch(version -> version.lost && !version.isCut());
            if (isClean) {
                cached.set(entry.getKey(), durable.get(entry.getKey()));
            }
            return isClean;
        });
    }

    /** Replaces the contents behind everybody's back, durably. */
    void replaceContents(byte[] bytes) {
        cached = new Pages();
        versions.clear();
        resizes.clear();
        for (int at = 0; at < bytes.length; at += Pages.PAGE_BYTES) {
            byte[] page = new byte[Pages.PAGE_BYTES];
            System.arraycopy(bytes, at, page, 0, Math.min(Pages.PAGE_BYTES, bytes.length - at));
            cached.set(at / Pages.PAGE_BYTES, page);
        }
        durable = cached.copy();
        sizeBytes = bytes.length;
        durableSizeBytes = bytes.length;
    }

    byte[] contents() {
        byte[] bytes = new byte[Math.toIntExact(sizeBytes)];
        cached.read(0, bytes, 0, bytes.length);
        return bytes;
    }
}
