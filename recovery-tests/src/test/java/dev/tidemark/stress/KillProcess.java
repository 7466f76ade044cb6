package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.Durability;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A process that appends, as its parent sees it, and the thread that listens to it.
 *
 * <p><b>Threads.</b> One, beside the listener, which writes what it hears into the ledger; the parent looks at that when {@link #kill}
 * has returned.
 */
final class KillProcess {
    /** Longer than a child takes to open the store, or comes to any operation, on a busy machine. */
    private static final int LONGEST_SECONDS = 120;

    /** What is to be killed, and how it goes. */
    record Order(Path directory, long seed, int round, String how) {}

    private final Order order;
    private final KillLedger ledger;
    private final Process process;
    private final Thread listener;
    private final CountDownLatch ready = new CountDownLatch(1);
    private final CountDownLatch locked = new CountDownLatch(1);
    private final CountDownLatch atTheEnd = new CountDownLatch(1);
    private final CountDownLatch either = new CountDownLatch(1);
    private final Set<Long> submitted = new HashSet<>();
    private final Set<Long> promised = new HashSet<>();
    private final Set<Long> answered = new HashSet<>();
    private volatile boolean isReady;
    private volatile @Nullable String wrong;

    private KillProcess(Order order, KillLedger ledger, List<String> tracer) throws IOException {
        this.order = order;
        this.ledger = ledger;
        List<String> command = new ArrayList<>(tracer);
        command.addAll(ChildJvm.shortLived(
                "192m",
                KillChild.class,
                order.directory().toString(),
                Long.toString(order.seed()),
                Integer.toString(order.round()),
                order.how()));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        listener = new Thread(this::listen, "kill-listener");
        listener.setDaemon(true);
        listener.start();
    }

    static KillProcess start(Order order, KillLedger ledger) throws IOException {
        return new KillProcess(order, ledger, List.of());
    }

    /** Runs under a program that is given the child's command line behind its own. */
    static KillProcess startUnder(List<String> tracer, Order order, KillLedger ledger) throws IOException {
        return new KillProcess(order, ledger, tracer);
    }

    /** Whether it has said that the store is open. */
    boolean isReady() {
        return isReady;
    }

    void awaitReady() throws InterruptedException {
        await(ready, "has opened the store");
    }

    /** Waits until it has come to its last operation, or has opened the store before that. */
    void awaitReadyOrTheEnd() throws InterruptedException {
        await(either, "has opened the store, or come to its last operation");
    }

    void awaitLocked() throws InterruptedException {
        await(locked, "was told that another has the store");
    }

    private void await(CountDownLatch event, String what) throws InterruptedException {
        boolean hasHappened = event.await(LONGEST_SECONDS, TimeUnit.SECONDS);
        assertThat(wrong).as("what is wrong, says %s", order).isNull();
        assertThat(hasHappened).as("%s: %s", what, order).isTrue();
    }

    /** Waits until it has come to its last operation; says whether it did. */
    boolean awaitTheEnd(long millis) throws InterruptedException {
        boolean hasCome = atTheEnd.await(millis, TimeUnit.MILLISECONDS);
        assertThat(wrong).as("what is wrong, says %s", order).isNull();
        return hasCome;
    }

    /** Waits until it has ended, killed by somebody else; says whether it has. */
    boolean awaitDeath(long millis) throws InterruptedException {
        boolean hasEnded = process.waitFor(millis, TimeUnit.MILLISECONDS);
        assertThat(wrong).as("what is wrong, says %s", order).isNull();
        return hasEnded;
    }

    /** Lets it work; it is not expected to end. */
    void runFor(long millis) throws InterruptedException {
        boolean hasEnded = process.waitFor(millis, TimeUnit.MILLISECONDS);
        if (hasEnded) {
            listener.join(TimeUnit.SECONDS.toMillis(LONGEST_SECONDS));
        }
        assertThat(hasEnded).as("ended by itself: %s: %s", order, wrong).isFalse();
    }

    void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
        assertThat(kill.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(kill.exitValue()).as("exit code of kill -%s", name).isZero();
    }

    /** With SIGKILL; then hears what it had still said. */
    void kill() throws InterruptedException {
        // By its handle: the process object would close the pipe as well, and what is still in it be lost.
        List<ProcessHandle> traced = process.descendants().toList();
        traced.forEach(ProcessHandle::destroyForcibly);
        process.toHandle().destroyForcibly();
        assertThat(process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)).isTrue();
        listener.join(TimeUnit.SECONDS.toMillis(LONGEST_SECONDS));
        assertThat(listener.isAlive()).as("the listener has heard all").isFalse();
        assertThat(wrong).as("what is wrong, says %s", order).isNull();
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
            locked.countDown();
            atTheEnd.countDown();
            either.countDown();
        }
    }

    private void hear(DataInputStream in, int what) throws IOException {
        switch (what) {
            case KillChild.READY -> {
                isReady = true;
                ready.countDown();
                either.countDown();
            }
            case KillChild.LOCKED -> locked.countDown();
            case KillChild.AT_THE_END -> {
                atTheEnd.countDown();
                either.countDown();
            }
            case KillChild.SUBMITS -> submits(in.readLong());
            case KillChild.ACKNOWLEDGED ->
                acknowledged(in.readLong(), in.readLong(), Durability.values()[in.readByte()]);
            case KillChild.WRONG -> wrong = in.readUTF();
            default -> wrong = "it said something unknown: " + what;
        }
    }

    private void submits(long id) {
        submitted.add(id);
        ledger.submits(id);
    }

    private void acknowledged(long id, long offset, Durability reached) {
        answered.add(id);
        if (reached != Durability.ACCEPTED) {
            promised.add(id);
        }
        ledger.acknowledged(id, offset, reached);
    }

    /** How many appends it was promised; known once it was killed. */
    int promised() {
        return promised.size();
    }

    /** How many appends were under way; known once it was killed. */
    int underWay() {
        return submitted.size() - answered.size();
    }
}
