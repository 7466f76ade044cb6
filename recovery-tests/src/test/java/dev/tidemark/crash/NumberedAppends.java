package dev.tidemark.crash;

import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LifeState;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a few producers have sent to one partition, as they know it themselves: so which append is their next one, which is a repeat,
 * and what the log has to say to it. After an opening they send again what they are not sure of, as every producer does. What was wrong is kept, and told
 * when it is asked for: it may be seen inside of the store, which would take an error for one of its own.
 *
 * <p><b>Threads.</b> One.
 */
public final class NumberedAppends {
    private static final int PRODUCERS = 3;

    /** By producer: what was taken, and not refused later; all epochs. */
    private final Map<Long, List<Submission>> taken = new TreeMap<>();

    private final long firstId;
    private boolean isSending;
    private boolean isUnsure;
    private boolean mayBeForgotten;
    private Oracle.@Nullable Violation violation;

    /** Of producers that nobody else uses. */
    public NumberedAppends(long firstId) {
        this.firstId = firstId;
    }

    // ---------------------------------------------------------------- one more

    /**
     * Whether one of them can send now: not in the middle of another one's call or of a truncation, which takes from the log what they have not been told of yet, and not to a partition that has
     * failed, or where what they had sent could not be sent again.
     */
    public boolean maySend(Client client) {
        return !isSending
                && !isUnsure
                && !client.log().isBeingTruncated()
                && client.partition().describe().state() == LifeState.OPEN;
    }

    /** The same as an append of one of the producers: the next, the first in a higher epoch, or in its place one that was sent before. */
    public AppendRequest numbered(AppendRequest plain, RandomGenerator random) {
        // Who gets no more than ACCEPTED is not told when the disk refuses it, and could not know its next sequence.
        AppendRequest request = plain.durability(Durability.SYNCED) == Durability.ACCEPTED
                ? plain.withDurability(Durability.WRITTEN)
                : plain;
        long id = firstId + random.nextInt(PRODUCERS);
        List<Submission> sent = newestEpoch(id);
        if (sent.isEmpty()) {
            return request.withProducer(new ProducerIdentity(id, 0), 0);
        }
        int what = random.nextInt(12);
        if (what < 4) {
            int window = Math.min(AppendRequest.REPEATABLE_APPENDS, sent.size());
            Submission original = sent.get(sent.size() - 1 - random.nextInt(window));
            return original.request().withDurability(request.durability(Durability.SYNCED));
        }
        Submission last = sent.get(sent.size() - 1);
        ProducerIdentity producer = last.producer();
        return what == 4
                ? request.withProducer(producer.next(), 0)
                : request.withProducer(producer, last.request().sequence() + last.count());
    }

    /** Sends it in some way, and compares what the log says with what it has to. */
    public void send(Client client, AppendRequest request, Way way) {
        long endBefore = client.partition().ends().logEnd();
        isSending = true;
        try {
            note(way.send(client, request), endBefore);
        } finally {
            isSending = false;
        }
    }

    /** One of the client's calls. */
    @FunctionalInterface
    public interface Way {
        Submission send(Client client, AppendRequest request);
    }

    private void note(Submission submission, long endBefore) {
        if (submission.offset() == Submission.NO_OFFSET || submission.isRefused()) {
            return;
        }
        List<Submission> sent = taken.computeIfAbsent(submission.producer().id(), id -> new ArrayList<>());
        for (int i = 0; i < sent.size(); i++) {
            Submission original = sent.get(i);
            if (original.isRefused() || !original.hasSameSequence(submission)) {
                continue;
            }
            boolean isAsItWas = submission.offset() == original.offset();
            if (!isAsItWas && (submission.offset() < endBefore || !mayBeForgotten)) {
                wrong("a repeat was given another offset: original=" + original + " repeat=" + submission, null);
            }
            if (!isAsItWas) {
                // A failure had taken the original.
                sent.set(i, submission);
            }
            return;
        }
        if (submission.offset() < endBefore) {
            wrong("an append was taken for a repeat and is none: " + submission, null);
        }
        sent.add(submission);
    }

    private List<Submission> newestEpoch(long id) {
        List<Submission> live = taken.getOrDefault(id, List.of()).stream()
                .filter(submission -> !submission.isRefused())
                .toList();
        if (live.isEmpty()) {
            return live;
        }
        long epoch = live.get(live.size() - 1).producer().epoch();
        return live.stream()
                .filter(submission -> submission.producer().epoch() == epoch)
                .toList();
    }

    // ---------------------------------------------------------------- after an opening

    /** Sends all of the newest epochs again, in order: what is there is not written again, and what is not there is. */
    public void sendAgain(Client client) {
        isUnsure = false;
        mayBeForgotten = true;
        for (long id = firstId; id < firstId + PRODUCERS; id++) {
            for (Submission sent : newestEpoch(id)) {
                if (maySend(client)) {
                    send(client, sent.request().withDurability(Durability.SYNCED), (to, request) -> {
                        Submission again = to.append(request);
                        isUnsure |= again.isRefused();
                        return again;
                    });
                }
            }
        }
        mayBeForgotten = false;
    }

    // ---------------------------------------------------------------- errors

    /** Hears of an error; says whether it is one that a producer may be told which sends everything again. */
    public boolean refused(WalException error) {
        if (error.code() == ErrorCode.SEQUENCE_FORGOTTEN && mayBeForgotten) {
            return true;
        }
        boolean isWrong = switch (error.code()) {
            case PRODUCER_UNKNOWN,
                    PRODUCER_FENCED,
                    PRODUCERS_FULL,
                    SEQUENCE_GAP,
                    SEQUENCE_MISMATCH,
                    SEQUENCE_FORGOTTEN -> true;
            default -> false;
        };
        if (isWrong) {
            wrong("each of them knows what it has sent, and was told: " + error.getMessage(), error);
        }
        return false;
    }

    private void wrong(String what, @Nullable WalException cause) {
        if (violation == null) {
            violation = cause == null ? new Oracle.Violation(what) : new Oracle.Violation(what, cause);
        }
    }

    /** Tells the first thing that was wrong. */
    public void requireNothingWrong() {
        Oracle.Violation first = violation;
        if (first != null) {
            throw first;
        }
    }
}
