package dev.tidemark.examples.broker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The order desk is ended by SIGKILL while it takes and bills orders, and started again. */
class BrokerKillTest {
    private static final int KILLS = 3;
    private static final int ORDERS_BEFORE_A_KILL = 40;
    private static final int MOST_SECONDS = 100;

    @TempDir
    Path directory;

    private final Set<String> taken = new HashSet<>();
    private final Set<String> billed = new HashSet<>();
    private final Set<String> committed = new HashSet<>();

    @Test
    void noOrderIsLost_andNoneThatWasCommittedComesAgain() throws Exception {
        for (int run = 0; run < KILLS; run++) {
            workUntilKilled("run" + run);
        }
        try (Broker broker = Broker.open(directory);
                Consumer audit = broker.consumer("orders", "audit");
                Consumer billing = broker.consumer("orders", "billing")) {
            List<String> all = rest(audit);
            assertThat(all).as("orders, each once").doesNotHaveDuplicates().containsAll(taken);
            assertThat(all).as("what was billed was an order").containsAll(billed);

            List<String> stillToBill = rest(billing);
            assertThat(stillToBill).as("what was committed does not come again").doesNotContainAnyElementsOf(committed);
            Set<String> billedInAll = new HashSet<>(billed);
            billedInAll.addAll(stillToBill);
            assertThat(billedInAll).as("billed at least once").containsAll(all);
        }
    }

    private void workUntilKilled(String run) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-Dlogback.configurationFile=logback-examples.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OrderDesk.class.getName(),
                        directory.toString(),
                        run)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        CompletableFuture.delayedExecutor(MOST_SECONDS, TimeUnit.SECONDS)
                .execute(() -> process.toHandle().destroyForcibly());
        int before = taken.size();
        int committedBefore = committed.size();
        boolean isKilled = false;
        try (BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                hear(line);
                if (!isKilled && committed.size() > committedBefore && taken.size() >= before + ORDERS_BEFORE_A_KILL) {
                    // By its handle: the process object would close the pipe as well, and what is still in it be lost.
                    isKilled = process.toHandle().destroyForcibly();
                }
            }
        }
        assertThat(isKilled).as("it worked until it was killed").isTrue();
        assertThat(process.waitFor(MOST_SECONDS, TimeUnit.SECONDS)).isTrue();
    }

    private void hear(String line) throws IOException {
        if (!line.endsWith(";")) {
            return;
        }
        String said = line.substring(0, line.length() - 1);
        if (said.startsWith("taken ")) {
            taken.add(said.substring("taken ".length()));
        } else if (said.startsWith("billed ")) {
            billed.add(said.substring("billed ".length()));
        } else if (said.equals("committed")) {
            committed.addAll(billed);
        } else {
            throw new IOException("it said something unknown: " + line);
        }
    }

    private static List<String> rest(Consumer consumer) throws InterruptedException {
        List<String> values = new ArrayList<>();
        for (Optional<Message> next = consumer.poll(Duration.ZERO);
                next.isPresent();
                next = consumer.poll(Duration.ZERO)) {
            values.add(next.get().value());
        }
        return values;
    }
}
