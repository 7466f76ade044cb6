package dev.tidemark.damage;

import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * Sets one number of a file to an extreme: a length, a count, an offset, a position. Where the checksums around it are computed anew, the
 * number itself has to be unbelievable, or not to fit the others.
 *
 * <p><b>Threads.</b> One.
 */
final class Fields {
    private static final long[] EXTREMES = {
        0,
        1,
        -1,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        0xffff_ffffL,
        FrameCodec.MAX_PAYLOAD_BYTES,
        FrameCodec.MAX_PAYLOAD_BYTES + 1L,
        4 << 20,
        100_000
    };

    private static final int SEGMENT_HEADER_BYTES = 4096;

    private final Specimen specimen;
    private final SplittableRandom random;

    Fields(Specimen specimen, SplittableRandom random) {
        this.specimen = specimen;
        this.random = random;
    }

    /** A number in a file. */
    private record Field(String name, int at, int size) {}

    /** A file with one number changed. */
    record Change(Path file, String words, byte[] bytes) {
        String applyTo(SimulatedDisk disk) {
            disk.damage(Specimen.DATA.resolve(file), bytes);
            return words + " file=" + file;
        }
    }

    Change change(Path file, boolean isSigned) {
        byte[] bytes = specimen.files().get(file).clone();
        Optional<Anatomy> anatomy = specimen.anatomy(file);
        if (anatomy.isPresent()) {
            return new Change(file, segment(bytes, anatomy.get(), isSigned), bytes);
        }
        return new Change(
                file,
                switch (specimen.kindOf(file)) {
                    case STORE, PARTITION, ASIDE -> metadata(bytes, isSigned);
                    case INDEX -> index(bytes, isSigned);
                    default -> anywhere(bytes);
                },
                bytes);
    }

    private <T> T any(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private String set(byte[] bytes, Field field) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long before = switch (field.size) {
            case Long.BYTES -> file.getLong(field.at);
            case Integer.BYTES -> file.getInt(field.at);
            default -> file.get(field.at);
        };
        int which = random.nextInt(EXTREMES.length + 3);
        long value = which < EXTREMES.length
                ? EXTREMES[which]
                : which == EXTREMES.length ? before + 1 : which == EXTREMES.length + 1 ? before - 1 : before * 2;
        switch (field.size) {
            case Long.BYTES -> file.putLong(field.at, value);
            case Integer.BYTES -> file.putInt(field.at, (int) value);
            default -> file.put(field.at, (byte) value);
        }
        return field.name + " at=" + field.at + " from " + before + " to " + value;
    }

    private static void sign(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(length, (int) crc.getValue());
    }

    // ---- segments

    private String segment(byte[] bytes, Anatomy anatomy, boolean isSigned) {
        if (anatomy.frames().isEmpty() || random.nextInt(4) == 0) {
            String words = set(
                    bytes,
                    any(List.of(
                            new Field("version", 8, 4),
                            new Field("headerBytes", 12, 4),
                            new Field("storeId", 16, 8),
                            new Field("partitionId", 32, 8),
                            new Field("segmentId", 40, 8),
                            new Field("baseOffset", 48, 8),
                            new Field("epoch", 56, 4),
                            new Field("reserved", 60, 4),
                            new Field("createdAt", 64, 8),
                            new Field("firstTimestamp", 72, 8),
                            new Field("predecessorId", 80, 8),
                            new Field("predecessorBase", 88, 8),
                            new Field("predecessorEpoch", 96, 4),
                            new Field("predecessorEnd", 104, 8),
                            new Field("predecessorPosition", 112, 8))));
            if (isSigned) {
                sign(bytes, SEGMENT_HEADER_BYTES - Integer.BYTES);
            }
            return words + signed(isSigned);
        }
        Anatomy.Frame frame = any(anatomy.frames());
        boolean isInPayload = !frame.holdsRecords() && random.nextBoolean();
        String words = set(bytes, isInPayload ? payloadField(anatomy, frame) : headerField(frame));
        if (isSigned) {
            sign(bytes, anatomy, frame);
        }
        return words + " of frame[offset=" + frame.offset() + " kind=" + frame.kind() + "]" + signed(isSigned);
    }

    private static String signed(boolean isSigned) {
        return isSigned ? ", signed" : "";
    }

    private Field headerField(Anatomy.Frame frame) {
        int at = frame.position();
        return any(List.of(
                new Field("length", at + 4, 4),
                new Field("length", at + 4, 4),
                new Field("offset", at + 8, 8),
                new Field("flags", at + 16, 1),
                new Field("kind", at + 17, 1),
                new Field("timestamp", at + 18, 4),
                new Field("count", at + 24, 4),
                new Field("count", at + 24, 4),
                new Field("synced", at + 32, 8)));
    }

    /** The numbers of a seal or a snapshot, or the first bytes of the list of producers behind them. */
    private Field payloadField(Anatomy anatomy, Anatomy.Frame frame) {
        int from = frame.headerEnd(anatomy.bytes());
        int numbers = frame.kind() == FrameKind.SEAL ? from : from + Integer.BYTES;
        int count = (frame.payloadEnd() - numbers) / Long.BYTES;
        int number = count == 0 ? 0 : random.nextInt(count + 1);
        int at = numbers + number * Long.BYTES;
        return at + Long.BYTES <= frame.payloadEnd()
                ? new Field("payload number " + number, at, 8)
                : new Field("last byte of the payload", frame.payloadEnd() - 1, 1);
    }

    private static void sign(byte[] bytes, Anatomy anatomy, Anatomy.Frame frame) {
        ByteBuffer file = ByteBuffer.wrap(bytes);
        CRC32C crc = new CRC32C();
        int payloadAt = frame.headerEnd(anatomy.bytes());
        crc.update(bytes, payloadAt, frame.payloadEnd() - payloadAt);
        file.order(ByteOrder.LITTLE_ENDIAN).putInt(frame.position() + 28, (int) crc.getValue());
        int salt = anatomy.header().salt();
        if (FrameCodec.payloadAt(file, frame.position()) <= bytes.length) {
            int headerCrc = FrameCodec.computeHeaderCrc(file, frame.position(), salt, frame.position(), crc);
            file.putInt(frame.position(), headerCrc);
        }
    }

    // ---- the others

    private String metadata(byte[] bytes, boolean isSigned) {
        if (bytes.length < 28) {
            return anywhere(bytes);
        }
        String words = set(
                bytes,
                switch (random.nextInt(6)) {
                    case 0 -> new Field("version", 12, 4);
                    case 1 -> new Field("length", 16, 4);
                    case 2 -> new Field("kind", 8, 4);
                    default -> new Field("byte of the body", 20 + random.nextInt(bytes.length - 24), 1);
                });
        if (isSigned) {
            sign(bytes, bytes.length - Integer.BYTES);
        }
        return words + signed(isSigned);
    }

    private String index(byte[] bytes, boolean isSigned) {
        if (bytes.length < 76) {
            return anywhere(bytes);
        }
        int entries = (bytes.length - 52) / 24;
        int entry = 48 + 24 * random.nextInt(entries);
        String words = set(
                bytes,
                any(List.of(
                        new Field("interval", 12, 4),
                        new Field("entries", 24, 4),
                        new Field("entries", 24, 4),
                        new Field("endOffset", 32, 8),
                        new Field("endPosition", 40, 8),
                        new Field("entry's offset", entry, 8),
                        new Field("entry's position", entry + 8, 8),
                        new Field("entry's timestamp", entry + 16, 8))));
        if (isSigned) {
            sign(bytes, bytes.length - Integer.BYTES);
        }
        return words + signed(isSigned);
    }

    private String anywhere(byte[] bytes) {
        if (bytes.length < Long.BYTES) {
            return "the file is too short for a number";
        }
        return set(bytes, new Field("number", random.nextInt(bytes.length - Long.BYTES + 1), Long.BYTES));
    }
}
