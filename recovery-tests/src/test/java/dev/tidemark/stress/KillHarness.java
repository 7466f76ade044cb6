package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Kills processes that append, and judges what they leave, round after round on the same directory. What a round does is drawn
 * from the seed; when exactly the kill meets the child the machine decides, so a replay is alike and not equal.
 *
 * <p>One round in four is killed before the child has reported that the store is open: that is a crash during recovery. Some
 * children are stopped and continued on the way, and while they are, another process tries to open their directory.
 */
final class KillHarness {
    /** Longer than a child takes to open the store on a busy machine. */
    private static final int LONGEST_START_SECONDS = 60;

    private final Path directory;
    private final long seed;
    private final Random random;
    private final KillLedger ledger;

    private int rounds;
    private int kills;
    private int earlyKills;
    private int stops;
    private int refusals;
    private int judgedElsewhere;
    private long promises;
    private long underWay;
    private int tailsCut;

    KillHarness(Path directory, long seed) {
        this.directory = directory;
        this.seed = seed;
        this.random = new Random(seed);
        this.ledger = new KillLedger(seed);
    }

    /** Goes on until so many kills have counted: something was acknowledged before, and more was under way. */
    void run(int wantedKills) throws IOException, InterruptedException {
        int most = rounds + 4 * wantedKills + 20;
        int goal = kills + wantedKills;
        while (kills < goal) {
            assertThat(rounds)
                    .as("rounds for %d kills, seed %d", wantedKills, seed)
                    .isLessThan(most);
            round();
        }
    }

    private void round() throws IOException, InterruptedException {
        int round = ++rounds;
        boolean isEarly = random.nextInt(4) == 0;
        Child child = new Child(round);
        try {
            if (isEarly) {
                child.runFor(random.nextInt(400));
            } else {
                child.awaitReady();
                if (random.nextInt(5) == 0) {
                    stopAndContinue(child);
                }
                child.runFor(20 + random.nextInt(180));
            }
        } finally {
            child.kill();
        }
        int promised = ledger.promises();
        int open = ledger.underWay();
        boolean counts = !isEarly && promised > 0 && open > 0;
        kills += counts ? 1 : 0;
        earlyKills += isEarly ? 1 : 0;
        promises += promised;
        underWay += open;
        KillListing found = random.nextBoolean() ? listHere() : listElsewhere();
        tailsCut += found.cases().contains("R2") ? 1 : 0;
        assertThat(ledger.judge(found))
                .as("after round %d, seed %d", round, seed)
                .isEmpty();
    }

    /** A stopped process still has the directory: whoever else wants it is refused, at once. */
    private void stopAndContinue(Child child) throws IOException, InterruptedException {
        stops++;
        child.signal("STOP");
        try {
            assertThatThrownBy(() -> Wal.open(KillChild.config(directory)).close())
                    .isInstanceOfSatisfying(
                            WalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_LOCKED));
            refusals++;
        } finally {
            child.signal("CONT");
        }
    }

    private KillListing listHere() {
        try (Wal wal = Wal.open(KillChild.config(directory))) {
            return KillListing.of(wal, seed);
        }
    }

    private KillListing listElsewhere() throws IOException, InterruptedException {
        judgedElsewhere++;
        Process judge = new ProcessBuilder(ChildJvm.command(
                        "192m",
                        ChildJvm.SHORT_LIVED,
                        KillListing.class.getName(),
                        directory.toString(),
                        Long.toString(seed)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (DataInputStream in = new DataInputStream(new BufferedInputStream(judge.getInputStream()))) {
            KillListing found = KillListing.readFrom(in);
            assertThat(judge.waitFor(LONGEST_START_SECONDS, TimeUnit.SECONDS))
                    .as("the judge ended")
                    .isTrue();
            return found;
        } catch (EOFException e) {
            throw new AssertionError("the judge did not come to its end, seed " + seed, e);
        } finally {
            judge.destroyForcibly();
        }
    }

    /** What happened, in a few lines. */
    String table() {
        return String.format(
                "kill harness: seed=%d directory=%s%n"
                        + "  rounds %6d   kills that count %6d   before ready %6d   stopped and continued %4d%n"
                        + "  acknowledged and checked %8d   under way %6d   entries in the end %8d%n"
                        + "  judged in another process %4d   torn tails cut %4d   refused as locked %4d",
                seed,
                directory,
                rounds,
                kills,
                earlyKills,
                stops,
                promises,
                underWay,
                ledger.entriesKnown(),
                judgedElsewhere,
                tailsCut,
                refusals);
    }

    /** A process that appends, and the thread that listens to it. */
    private final class Child {
        private final Process process;
        private final Thread listener;
        private final CountDownLatch ready = new CountDownLatch(1);
        private volatile @Nullable String wrong;

        Child(int round) throws IOException {
            process = new ProcessBuilder(ChildJvm.command(
                            "192m",
                            ChildJvm.SHORT_LIVED,
                            KillChild.class.getName(),
                            directory.toString(),
                            Long.toString(seed),
                            Integer.toString(round)))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            listener = new Thread(this::listen, "kill-listener");
            listener.setDaemon(true);
            listener.start();
        }

        void awaitReady() throws InterruptedException {
            boolean isReady = ready.await(LONGEST_START_SECONDS, TimeUnit.SECONDS);
            assertThat(wrong).as("what the child says is wrong, seed %d", seed).isNull();
            assertThat(isReady).as("the child opened the store, seed %d", seed).isTrue();
        }

        /** Lets it work; it is not expected to end. */
        void runFor(long millis) throws InterruptedException {
            boolean hasEnded = process.waitFor(millis, TimeUnit.MILLISECONDS);
            if (hasEnded) {
                listener.join(TimeUnit.SECONDS.toMillis(LONGEST_START_SECONDS));
            }
            assertThat(hasEnded)
                    .as("the child ended by itself, seed %d: %s", seed, wrong)
                    .isFalse();
        }

        void signal(String name) throws IOException, InterruptedException {
            Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
            assertThat(kill.waitFor(LONGEST_START_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(kill.exitValue()).as("exit code of kill -%s", name).isZero();
        }

        /** With SIGKILL; then hears what it had still said. */
        void kill() throws InterruptedException {
            // By its handle: the process object would close the pipe as well, and what is still in it be lost.
            process.toHandle().destroyForcibly();
            assertThat(process.waitFor(LONGEST_START_SECONDS, TimeUnit.SECONDS)).isTrue();
            listener.join(TimeUnit.SECONDS.toMillis(LONGEST_START_SECONDS));
            assertThat(listener.isAlive()).as("the listener has heard all").isFalse();
            assertThat(wrong).as("what the child says is wrong, seed %d", seed).isNull();
        }

        private void listen() {
            try (DataInputStream in = new DataInputStream(new BufferedInputStream(process.getInputStream()))) {
                int what = in.read();
                while (what >= 0) {
                    hear(in, what);
                    what = in.read();
                }
            } catch (IOException e) {
                // Of a report that the kill cut off there is only a part: it was not made.
                wrong = e instanceof EOFException ? wrong : "its output cannot be read: " + e;
            } finally {
                ready.countDown();
            }
        }

        private void hear(DataInputStream in, int what) throws IOException {
            switch (what) {
                case KillChild.READY -> ready.countDown();
                case KillChild.SUBMITS -> ledger.submits(in.readLong());
                case KillChild.ACKNOWLEDGED ->
                    ledger.acknowledged(in.readLong(), in.readLong(), Durability.values()[in.readByte()]);
                case KillChild.WRONG -> wrong = in.readUTF();
                default -> wrong = "it said something unknown: " + what;
            }
        }
    }
}
