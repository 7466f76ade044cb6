package dev.tidemark.wal.io;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The contents of a simulated file, in pages that are never changed once they are here: a write puts a new page in the
 * place of the old one. Copies of a file, of which a crash test makes a hundred thousand, therefore share their pages.
 *
 * <p><b>Threads.</b> Guarded by the disk it belongs to; the pages themselves are immutable.
 */
final class Pages {
    static final int PAGE_BYTES = 4096;
    static final int SECTOR_BYTES = 512;
    static final int SECTORS = PAGE_BYTES / SECTOR_BYTES;
    static final int ALL_SECTORS = (1 << SECTORS) - 1;
    static final byte[] ZEROS = new byte[PAGE_BYTES];

    /** {@code null} where nothing was ever allocated. */
    private byte @Nullable [][] pages;

    private int used;

    Pages() {
        pages = new byte[4][];
    }

    private Pages(byte @Nullable [][] pages, int used) {
        this.pages = pages;
        this.used = used;
    }

    Pages copy() {
        return new Pages(Arrays.copyOf(pages, used), used);
    }

    /** One more than the number of the last page that may be allocated. */
    int end() {
        return used;
    }

    /** The page, or null for a hole. */
    byte @Nullable [] get(int page) {
        return page < used ? pages[page] : null;
    }

    void set(int page, byte @Nullable [] bytes) {
        if (page >= used) {
            if (bytes == null) {
                return;
            }
            if (page >= pages.length) {
                pages = Arrays.copyOf(pages, Math.max(page + 1, pages.length * 2));
            }
            used = page + 1;
        }
        pages[page] = bytes;
    }

    int allocated() {
        int count = 0;
        for (int i = 0; i < used; i++) {
            if (pages[i] != null) {
                count++;
            }
        }
        return count;
    }

    void read(long at, byte[] target, int offset, int length) {
        int done = 0;
        while (done < length) {
            long position = at + done;
            int page = pageOf(position);
            int inPage = (int) (position % PAGE_BYTES);
            int count = Math.min(length - done, PAGE_BYTES - inPage);
            byte[] bytes = get(page);
            System.arraycopy(bytes == null ? ZEROS : bytes, inPage, target, offset + done, count);
            done += count;
        }
    }

    static int pageOf(long position) {
        return Math.toIntExact(position / PAGE_BYTES);
    }

    /** The sectors that the bytes from {@code from} to {@code to} (exclusive) of a page touch, as a bit mask. */
    static int sectors(int from, int to) {
        int first = from / SECTOR_BYTES;
        int last = (to - 1) / SECTOR_BYTES;
        return ((1 << (last - first + 1)) - 1) << first;
    }

    static boolean sameSector(byte @Nullable [] one, byte @Nullable [] other, int sector) {
        if (one == other) {
            return true;
        }
        int from = sector * SECTOR_BYTES;
        int to = from + SECTOR_BYTES;
        return Arrays.equals(one == null ? ZEROS : one, from, to, other == null ? ZEROS : other, from, to);
    }
}
