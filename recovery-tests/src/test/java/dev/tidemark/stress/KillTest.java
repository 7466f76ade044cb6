package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * P1 to P3 and P11 with real processes on a real disk. {@code -Dtidemark.dir} says where, {@code -Dtidemark.kills} how many,
 * {@code -Dtidemark.seed} which ones. What a kill cannot show is the loss of power: the page cache survives it.
 */
@Timeout(value = 6, unit = TimeUnit.HOURS)
class KillTest {
    private static final int KILLS_ON_ONE_DIRECTORY = 50;
    private static final int DIRECTORIES_AT_ONCE = 2;

    private final long seed = Long.getLong("tidemark.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));

    @Test
    void whatAKilledProcessHadAcknowledged_isThere() throws Exception {
        int kills = (int) StressBudget.number("tidemark.kills", 30, 100, 500);
        int inEach = Math.min(KILLS_ON_ONE_DIRECTORY, (kills + DIRECTORIES_AT_ONCE - 1) / DIRECTORIES_AT_ONCE);
        List<Callable<KillHarness>> directories = new ArrayList<>();
        for (int planned = 0; planned < kills; planned += inEach) {
            long own = seed + directories.size();
            int share = Math.min(inEach, kills - planned);
            directories.add(() -> killOnOneDirectory(own, share));
        }
        long began = System.nanoTime();
        List<KillHarness> ended = runSomeAtOnce(directories);
        int counted = ended.stream().mapToInt(KillHarness::kills).sum();
        int processes = ended.stream().mapToInt(KillHarness::processes).sum();
        int early = ended.stream().mapToInt(KillHarness::earlyKills).sum();
        Map<String, Integer> killedAt = new TreeMap<>();
        ended.forEach(
                harness -> harness.killedAt().forEach((where, times) -> killedAt.merge(where, times, Integer::sum)));
        System.out.printf(
                "kills: %d that count, of %d processes %d before they were ready, %d at chosen operations of %d kinds, in %.1f s, seed %d%n",
                counted,
                processes,
                early,
                killedAt.values().stream().mapToInt(Integer::intValue).sum(),
                killedAt.size(),
                (System.nanoTime() - began) / 1e9,
                seed);
        assertThat(counted).as("kills that count").isGreaterThanOrEqualTo(kills);
        assertThat(4 * early)
                .as("four times those killed before they were ready")
                .isGreaterThanOrEqualTo(processes);
        assertThat(ended.stream().mapToInt(KillHarness::stops).sum())
                .as("stopped and continued")
                .isPositive();
        assertThat(killedAt).as("kills at chosen operations").isNotEmpty();
    }

    private static KillHarness killOnOneDirectory(long seed, int kills) throws Exception {
        try (TestDirectory directory = TestDirectory.create()) {
            KillHarness harness = new KillHarness(directory.resolve("store"), seed);
            try {
                harness.run(kills);
            } finally {
                System.out.println(harness.table());
            }
            return harness;
        }
    }

    private static List<KillHarness> runSomeAtOnce(List<Callable<KillHarness>> directories) throws Exception {
        ExecutorService lanes = Executors.newFixedThreadPool(DIRECTORIES_AT_ONCE);
        try {
            List<KillHarness> ended = new ArrayList<>();
            for (Future<KillHarness> lane : lanes.invokeAll(directories)) {
                ended.add(lane.get());
            }
            return ended;
        } finally {
            lanes.shutdownNow();
        }
    }

    @Test
    void twoProcessesThatFightForOneDirectory_neverHaveItTogether() throws Exception {
        try (TestDirectory directory = TestDirectory.create()) {
            KillHarness harness = new KillHarness(directory.resolve("store"), seed);
            try {
                harness.fight((int) StressBudget.number("tidemark.fights", 3, 6, 60));
            } finally {
                System.out.println(harness.table());
            }
        }
    }
}
