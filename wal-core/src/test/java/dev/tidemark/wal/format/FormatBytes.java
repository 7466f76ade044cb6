package dev.tidemark.wal.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;

/** Damages bytes in ways that a checksum alone would hide. */
final class FormatBytes {

    private FormatBytes() {}

    /** Sets the last four bytes to the checksum of all before them. */
    static void fixFileChecksum(byte[] file) {
        int crcAt = file.length - 4;
        CRC32C crc = new CRC32C();
        crc.update(file, 0, crcAt);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(crcAt, (int) crc.getValue());
    }

    /** The bytes with one to four of them changed, or a piece removed or doubled; those before {@code from} stay as they are. */
    static byte[] mutated(byte[] bytes, int from, Random random) {
        byte[] changed = bytes.clone();
        int places = 1 + random.nextInt(4);
        for (int i = 0; i < places; i++) {
            int at = from + random.nextInt(changed.length - from);
            int[] values = {0, 1, 0x7f, 0x80, 0xff, changed[at] + 1, changed[at] - 1, random.nextInt()};
            changed[at] = (byte) values[random.nextInt(values.length)];
        }
        if (random.nextInt(4) == 0 && changed.length - from > 8) {
            int at = from + random.nextInt(changed.length - from - 8);
            int length = 1 + random.nextInt(8);
            byte[] other = Arrays.copyOf(changed, changed.length + (random.nextBoolean() ? length : -length));
            int shift = other.length - changed.length;
            int tail = Math.max(at, at - shift);
            System.arraycopy(changed, tail, other, tail + shift, changed.length - tail);
            return other;
        }
        return changed;
    }
}
