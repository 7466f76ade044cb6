package dev.tidemark.damage;

import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Damages one store in one way, chosen by chance: what kind of file, which file, how, and where.
 *
 * <p><b>Threads.</b> One.
 */
final class Injurer {
    private static final int SECTOR_BYTES = 512;
    private static final int PAGE_BYTES = 4096;
    private static final int MUCH_BYTES = 5 << 20;

    private final Specimen specimen;
    private final SimulatedDisk disk;
    private final SplittableRandom random;

    /**
     * @param disk with the specimen on it
     */
    Injurer(Specimen specimen, SimulatedDisk disk, SplittableRandom random) {
        this.specimen = specimen;
        this.disk = disk;
        this.random = random;
    }

    /** Does it. */
    Injury inflict() {
        Path victim = anyFile();
        InjuryKind kind = InjuryKind.values()[random.nextInt(InjuryKind.values().length)];
        String words;
        try {
            words = inflict(kind, victim);
        } catch (IOException e) {
            throw new UncheckedIOException("could not damage " + victim, e);
        }
        return describe(kind, victim, words);
    }

    /** What is different from before. */
    private Injury describe(InjuryKind kind, Path victim, String words) {
        NavigableMap<Path, byte[]> now = new TreeMap<>();
        TreeSet<Path> changed = new TreeSet<>(specimen.files().keySet());
        for (Path file : disk.files()) {
            Path name = Specimen.DATA.relativize(file);
            byte[] bytes = disk.contents(file);
            byte[] before = specimen.files().get(name);
            if (before != null && Arrays.equals(before, bytes)) {
                changed.remove(name);
                now.put(name, before);
            } else {
                changed.add(name);
                now.put(name, bytes);
            }
        }
        return new Injury(kind, specimen.kindOf(victim), words, changed, now);
    }

    private String inflict(InjuryKind kind, Path victim) throws IOException {
        return switch (kind) {
            case NOTHING -> "nothing at all";
            case FLIPPED_BIT -> flip(victim, 1);
            case FLIPPED_BITS -> flip(victim, 2 + random.nextInt(15));
            case ZEROED_BLOCK -> block(victim, "zeros", new byte[0]);
            case GARBAGE_BLOCK -> block(victim, "garbage", garbage(PAGE_BYTES));
            case DUPLICATED_BLOCK -> duplicate(victim);
            case SWAPPED_BLOCKS -> swap(victim);
            case MISDIRECTED_BLOCK -> misdirect(victim);
            case EXCHANGED_BLOCKS -> exchangeBlocks(victim);
            case EARLIER_BLOCK -> earlierBlock(victim);
            case EARLIER_FILE -> earlierFile(victim);
            case TRUNCATED -> truncate(victim);
            case EXTENDED_BY_ZEROS -> extend(victim, "zeros", new byte[extension()]);
            case EXTENDED_BY_GARBAGE -> extend(victim, "garbage", garbage(extension()));
            case EXTENDED_BY_A_COPY -> extendByCopy(victim);
            case EMPTIED -> replace(victim, "emptied", new byte[0]);
            case DELETED -> delete(victim);
            case RENAMED -> rename(victim);
            case EXCHANGED_NAMES -> exchangeNames(victim);
            case COPIED -> copy(victim);
            case INSERTED_BYTES -> insert(victim);
            case REMOVED_BYTES -> remove(victim);
            case EXTREME_FIELD ->
                new Fields(specimen, random).change(victim, false).applyTo(disk);
            case FORGED_FIELD ->
                new Fields(specimen, random).change(victim, true).applyTo(disk);
        };
    }

    // ---- which file, and where

    private Path anyFile() {
        while (true) {
            List<Path> files = specimen.files(anyKind());
            if (!files.isEmpty()) {
                return any(files);
            }
        }
    }

    /** The files that matter are damaged more often than the others. */
    private FileKind anyKind() {
        List<FileKind> kinds = new ArrayList<>();
        for (FileKind kind : FileKind.values()) {
            int weight = kind.matters() ? 5 : kind == FileKind.INDEX ? 3 : 1;
            for (int i = 0; i < weight; i++) {
                kinds.add(kind);
            }
        }
        return any(kinds);
    }

    private <T> T any(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private byte[] bytes(Path file) {
        return specimen.files().get(file);
    }

    /** Mostly where something was written, now and then in what was only prepared. */
    private int position(Path file) {
        int size = bytes(file).length;
        Optional<Anatomy> anatomy = specimen.anatomy(file);
        if (anatomy.isEmpty() || random.nextInt(6) == 0) {
            return random.nextInt(size);
        }
        int end = Math.min(size, anatomy.get().end() + 64);
        // The header is as large as some logs, and all the same wherever it is hit.
        boolean isInHeader = end <= PAGE_BYTES || random.nextInt(5) == 0;
        return isInHeader ? random.nextInt(Math.min(PAGE_BYTES, end)) : PAGE_BYTES + random.nextInt(end - PAGE_BYTES);
    }

    private int blockBytes() {
        return random.nextBoolean() ? SECTOR_BYTES : PAGE_BYTES;
    }

    private byte[] garbage(int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }

    private int extension() {
        return switch (random.nextInt(4)) {
            case 0 -> 1 + random.nextInt(64);
            case 1 -> SECTOR_BYTES;
            case 2 -> PAGE_BYTES * (1 + random.nextInt(8));
            // Rarely, because there is little memory: more than any metadata file may have.
            default -> random.nextInt(40) == 0 ? MUCH_BYTES : 1 + random.nextInt(3_000);
        };
    }

    // ---- bytes

    private String replace(Path file, String words, byte[] bytes) {
        disk.damage(Specimen.DATA.resolve(file), bytes);
        return words + " file=" + file;
    }

    private String flip(Path file, int count) {
        byte[] bytes = bytes(file).clone();
        if (bytes.length == 0) {
            return "the file is empty";
        }
        StringBuilder words = new StringBuilder("bits");
        for (int i = 0; i < count; i++) {
            int at = position(file);
            int bit = random.nextInt(8);
            bytes[at] ^= (byte) (1 << bit);
            words.append(' ').append(at).append('.').append(bit);
        }
        return replace(file, words.toString(), bytes);
    }

    /** Writes over one aligned block. */
    private String block(Path file, String what, byte[] with) {
        byte[] bytes = bytes(file).clone();
        if (bytes.length == 0) {
            return "the file is empty";
        }
        int size = blockBytes();
        int at = position(file) / size * size;
        put(bytes, at, Arrays.copyOf(with, size));
        return replace(file, what + " at=" + at + " bytes=" + size, bytes);
    }

    private static void put(byte[] bytes, int at, byte[] block) {
        if (at < bytes.length) {
            System.arraycopy(block, 0, bytes, at, Math.min(block.length, bytes.length - at));
        }
    }

    private static byte[] blockOf(byte[] bytes, int at, int size) {
        return at >= bytes.length ? new byte[size] : Arrays.copyOfRange(bytes, at, at + size);
    }

    private String duplicate(Path file) {
        if (bytes(file).length == 0) {
            return "the file is empty";
        }
        byte[] bytes = bytes(file).clone();
        int size = blockBytes();
        int from = position(file) / size * size;
        int to = position(file) / size * size;
        put(bytes, to, blockOf(bytes, from, size));
        return replace(file, "block at=" + from + " copied to=" + to + " bytes=" + size, bytes);
    }

    private String swap(Path file) {
        if (bytes(file).length == 0) {
            return "the file is empty";
        }
        byte[] bytes = bytes(file).clone();
        int size = blockBytes();
        int one = position(file) / size * size;
        int other = position(file) / size * size;
        byte[] first = blockOf(bytes, one, size);
        put(bytes, one, blockOf(bytes, other, size));
        put(bytes, other, first);
        return replace(file, "blocks at=" + one + " and at=" + other + " swapped bytes=" + size, bytes);
    }

    /** Another file, rather one of the same kind: of the other partition, of another segment. */
    private Path another(Path file) {
        List<Path> alike = new ArrayList<>(specimen.files(specimen.kindOf(file)));
        alike.remove(file);
        if (!alike.isEmpty() && random.nextInt(3) > 0) {
            return any(alike);
        }
        List<Path> all = new ArrayList<>(specimen.files().keySet());
        all.remove(file);
        return any(all);
    }

    private String misdirect(Path file) {
        if (bytes(file).length == 0) {
            return "the file is empty";
        }
        Path source = another(file);
        byte[] bytes = bytes(file).clone();
        int size = blockBytes();
        int to = position(file) / size * size;
        int from = random.nextBoolean() || bytes(source).length == 0 ? to : position(source) / size * size;
        put(bytes, to, blockOf(bytes(source), from, size));
        return replace(file, "block at=" + to + " is that of " + source + " at=" + from + " bytes=" + size, bytes);
    }

    private String exchangeBlocks(Path file) {
        Path other = another(file);
        if (bytes(file).length == 0 || bytes(other).length == 0) {
            return "the file is empty";
        }
        byte[] mine = bytes(file).clone();
        byte[] theirs = bytes(other).clone();
        int size = blockBytes();
        int at = position(file) / size * size;
        byte[] block = blockOf(mine, at, size);
        put(mine, at, blockOf(theirs, at, size));
        put(theirs, at, block);
        replace(other, "", theirs);
        return replace(file, "block at=" + at + " exchanged with " + other + " bytes=" + size, mine);
    }

    private String earlierBlock(Path file) {
        List<byte[]> earlier = specimen.earlier(file);
        if (earlier.isEmpty() || bytes(file).length == 0) {
            return "there is no earlier one";
        }
        int which = random.nextInt(earlier.size());
        byte[] bytes = bytes(file).clone();
        int size = blockBytes();
        int at = position(file) / size * size;
        put(bytes, at, blockOf(earlier.get(which), at, size));
        return replace(file, "block at=" + at + " is that of generation " + which + " bytes=" + size, bytes);
    }

    private String earlierFile(Path file) {
        List<byte[]> earlier = specimen.earlier(file);
        if (earlier.isEmpty()) {
            return "there is no earlier one";
        }
        int which = random.nextInt(earlier.size());
        return replace(file, "generation " + which + " of " + earlier.size(), earlier.get(which));
    }

    // ---- sizes

    private String truncate(Path file) {
        byte[] bytes = bytes(file);
        if (bytes.length == 0) {
            return "the file is empty";
        }
        int to = switch (random.nextInt(4)) {
            case 0 -> position(file) / SECTOR_BYTES * SECTOR_BYTES;
            case 1 -> Math.max(0, bytes.length - 1 - random.nextInt(64));
            case 2 -> frameBoundary(file);
            default -> position(file);
        };
        return replace(file, "truncated to=" + to, Arrays.copyOf(bytes, Math.min(to, bytes.length)));
    }

    private int frameBoundary(Path file) {
        Optional<Anatomy> anatomy = specimen.anatomy(file);
        return anatomy.isEmpty() || anatomy.get().frames().isEmpty()
                ? position(file)
                : any(anatomy.get().frames()).position();
    }

    private String extend(Path file, String what, byte[] by) {
        byte[] bytes = bytes(file);
        byte[] longer = Arrays.copyOf(bytes, bytes.length + by.length);
        put(longer, bytes.length, by);
        return replace(file, "extended by " + what + " bytes=" + by.length, longer);
    }

    private String extendByCopy(Path file) {
        Path source = random.nextBoolean() ? file : another(file);
        byte[] from = bytes(source);
        if (from.length == 0) {
            return "the source is empty: " + source;
        }
        int at = Math.min(position(source), from.length - 1);
        int size = Math.min(from.length - at, blockBytes());
        return extend(file, "bytes of " + source + " at=" + at, blockOf(from, at, size));
    }

    private String insert(Path file) {
        byte[] bytes = bytes(file);
        if (bytes.length == 0) {
            return "the file is empty";
        }
        int at = position(file);
        byte[] more = garbage(random.nextBoolean() ? 8 : 1 + random.nextInt(64));
        byte[] longer = Arrays.copyOf(bytes, bytes.length + more.length);
        System.arraycopy(bytes, at, longer, at + more.length, bytes.length - at);
        put(longer, at, more);
        return replace(file, "inserted at=" + at + " bytes=" + more.length, longer);
    }

    private String remove(Path file) {
        byte[] bytes = bytes(file);
        if (bytes.length == 0) {
            return "the file is empty";
        }
        int at = position(file);
        int count = Math.min(bytes.length - at, random.nextBoolean() ? 8 : 1 + random.nextInt(64));
        byte[] shorter = Arrays.copyOf(bytes, bytes.length - count);
        System.arraycopy(bytes, at + count, shorter, at, shorter.length - at);
        return replace(file, "removed at=" + at + " bytes=" + count, shorter);
    }

    // ---- names

    private String delete(Path file) {
        disk.lose(Specimen.DATA.resolve(file));
        return "deleted file=" + file;
    }

    /** Another name in the same directory, or the same name in another one. */
    private Path otherName(Path file) {
        String name = file.getFileName().toString();
        Optional<SegmentName> segment = SegmentName.parseSegmentFile(name);
        Optional<Path> elsewhere = specimen.logs().values().stream()
                .map(log -> Path.of(log.id().toString(), name))
                .filter(path -> !path.equals(file))
                .findFirst();
        switch (random.nextInt(4)) {
            case 0:
                if (segment.isPresent()) {
                    SegmentName of = segment.get();
                    return file.resolveSibling(
                            new SegmentName(of.baseOffset(), of.epoch() + 1 + random.nextInt(3)).segmentFile());
                }
                break;
            case 1:
                if (segment.isPresent()) {
                    SegmentName of = segment.get();
                    return file.resolveSibling(
                            new SegmentName(of.baseOffset() + 1 + random.nextInt(5), of.epoch()).segmentFile());
                }
                break;
            case 2:
                if (elsewhere.isPresent()) {
                    return elsewhere.get();
                }
                break;
            default:
        }
        return file.resolveSibling(name + ".bak");
    }

    private String rename(Path file) throws IOException {
        Path to = otherName(file);
        disk.rename(Specimen.DATA.resolve(file), Specimen.DATA.resolve(to));
        return "renamed " + file + " to " + to;
    }

    private String exchangeNames(Path file) {
        Path other = another(file);
        replace(other, "", bytes(file));
        return replace(file, "exchanged with " + other, bytes(other));
    }

    private String copy(Path file) {
        Path to = random.nextBoolean() ? otherName(file) : another(file);
        replace(to, "", bytes(file));
        return "copied " + file + " to " + to;
    }
}
