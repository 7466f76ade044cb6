package dev.tidemark.wal.io;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random operations, and a second, much simpler idea of what a loss of power may leave: each sector as it was at some time
 * since the file was forced, each name as it was at some time since the directory was.
 */
class PowerLossOracleTest {
    private static final Path DATA = Path.of("/data");
    private static final int STEPS = 250;
    private static final int STATES_PER_BOUNDARY = 4;

    /** A file and all it has looked like since it was forced, that first. */
    private static final class Seen {
        final DiskFile file;
        final List<byte[]> contents = new ArrayList<>(List.of(new byte[0]));

        Seen(DiskFile file) {
            this.file = file;
        }

        byte[] newest() {
            return contents.get(contents.size() - 1);
        }
    }

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DATA);
    private final Map<String, Seen> files = new TreeMap<>();

    /** What each name led to since the directory was forced, that first. */
    private final List<Map<String, Seen>> names = new ArrayList<>(List.of(Map.of()));

    private int created;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void everyState_isMadeOfWhatWasThereSinceTheLastForce(long seed) throws IOException {
        Random random = new Random(seed);
        int judged = 0;
        for (int step = 0; step < STEPS; step++) {
            change(random);
            for (NameRule rule : NameRule.values()) {
                for (int i = 0; i < STATES_PER_BOUNDARY; i++) {
                    CrashPlan plan = CrashPlan.random(rule, false, seed << 32 | (long) step << 8 | i);
                    judge(disk.copy().powerLoss(plan), "seed " + seed + " step " + step + " " + plan);
                    judged++;
                }
            }
        }
        assertThat(judged).isEqualTo(STEPS * 2 * STATES_PER_BOUNDARY);
    }

    private void change(Random random) throws IOException {
        if (files.isEmpty() || random.nextInt(12) == 0) {
            String name = "f" + created++;
            files.put(name, new Seen(disk.create(DATA.resolve(name))));
            names.add(Map.copyOf(files));
            return;
        }
        String name = new ArrayList<>(files.keySet()).get(random.nextInt(files.size()));
        Seen seen = files.get(name);
        switch (random.nextInt(11)) {
            case 0:
                String other = "r" + random.nextInt(3);
                disk.rename(DATA.resolve(name), DATA.resolve(other));
                files.remove(name);
                files.put(other, seen);
                names.add(Map.copyOf(files));
                break;
            case 1:
                disk.delete(DATA.resolve(name));
                files.remove(name);
                names.add(Map.copyOf(files));
                break;
            case 2:
                disk.forceDirectory(DATA);
                names.subList(0, names.size() - 1).clear();
                break;
            case 3:
            case 4:
                seen.file.force(false);
                seen.contents.subList(0, seen.contents.size() - 1).clear();
                break;
            case 5:
                int size = random.nextInt(1 + seen.newest().length);
                seen.file.truncate(size);
                seen.contents.add(Arrays.copyOf(seen.newest(), size));
                break;
            default:
                write(seen, random.nextInt(9_000), 1 + random.nextInt(5_000), random);
        }
    }

    private static void write(Seen seen, int at, int length, Random random) throws IOException {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        seen.file.writeFully(ByteBuffer.wrap(bytes), at);
        byte[] contents = Arrays.copyOf(seen.newest(), Math.max(seen.newest().length, at + length));
        System.arraycopy(bytes, 0, contents, at, length);
        seen.contents.add(contents);
    }

    private void judge(SimulatedDisk after, String what) {
        Set<String> left = new HashSet<>();
        after.files().forEach(path -> left.add(DATA.relativize(path).toString()));
        Set<String> everSeen = new HashSet<>();
        names.forEach(map -> everSeen.addAll(map.keySet()));
        assertThat(everSeen).as(what).containsAll(left);
        for (String name : everSeen) {
            Set<Seen> possible = new HashSet<>();
            names.forEach(map -> possible.add(map.get(name)));
            if (!left.contains(name)) {
                assertThat(possible).as("%s: %s may be absent", what, name).contains((Seen) null);
            } else if (possible.size() == 1 || possible.size() == 2 && possible.remove(null)) {
                judge(after.contents(DATA.resolve(name)), possible.iterator().next(), what + " " + name);
            }
        }
    }

    private static void judge(byte[] found, Seen seen, String what) {
        int least = seen.contents.stream().mapToInt(bytes -> bytes.length).min().orElseThrow();
        int most = seen.contents.stream().mapToInt(bytes -> bytes.length).max().orElseThrow();
        assertThat(found.length).as(what).isBetween(least, most);
        for (int at = 0; at < found.length; at += Pages.SECTOR_BYTES) {
            int from = at;
            int to = Math.min(found.length, at + Pages.SECTOR_BYTES);
            boolean isKnown = seen.contents.stream()
                    .map(bytes -> Arrays.copyOf(bytes, Math.max(bytes.length, to)))
                    .anyMatch(bytes -> Arrays.equals(found, from, to, bytes, from, to));
            assertThat(isKnown).as("%s: sector at %d", what, at).isTrue();
        }
    }
}
