package dev.tidemark.stress;

import java.security.SecureRandom;
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

    @Test
    void whatAKilledProcessHadAcknowledged_isThere() throws Exception {
        long kills = StressBudget.number("tidemark.kills", 8, 25, 500);
        long seed = Long.getLong("tidemark.seed", new SecureRandom().nextInt(Integer.MAX_VALUE));
        for (long done = 0; done < kills; done += KILLS_ON_ONE_DIRECTORY, seed++) {
            try (TestDirectory directory = TestDirectory.create()) {
                KillHarness harness = new KillHarness(directory.resolve("store"), seed);
                try {
                    harness.run((int) Math.min(KILLS_ON_ONE_DIRECTORY, kills - done));
                } finally {
                    System.out.println(harness.table());
                }
            }
        }
    }
}
