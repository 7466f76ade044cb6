package dev.tidemark.stress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.wal.api.Durability;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The oracle of the kill harness finds what it is there to find. */
class KillLedgerTest {
    private static final long SEED = 7;

    private final KillLedger ledger = new KillLedger(SEED);
    private final List<KillListing.Entry> log = new ArrayList<>();
    private final KillPayload first = payload(0, any -> true);
    private final KillPayload batch = payload(100, any -> any.shape() == KillPayload.Shape.RECORDS);

    /** An append of the first partition, with a number from there on. */
    private static KillPayload payload(int from, Predicate<KillPayload> wanted) {
        return IntStream.range(from, 100_000)
                .mapToObj(number -> new KillPayload(SEED, KillPayload.id(1, 0, number)))
                .filter(payload -> payload.partition(KillChild.PARTITIONS) == 0 && wanted.test(payload))
                .findFirst()
                .orElseThrow();
    }

    private void store(KillPayload payload) {
        for (int entry = 0; entry < payload.entries(); entry++) {
            log.add(new KillListing.Entry(end(), payload.entries() == 1 ? payload.count() : 1, payload.id(), entry));
        }
    }

    private long end() {
        KillListing.Entry last = log.isEmpty() ? null : log.get(log.size() - 1);
        return last == null ? 0 : last.offset() + last.count();
    }

    private List<String> judge() {
        return ledger.judge(new KillListing(List.of(List.copyOf(log), List.of(), List.of()), "", ""));
    }

    @Test
    void whatWasAcknowledgedAndIsThere_isFine() {
        ledger.submits(first.id());
        ledger.submits(batch.id());
        ledger.acknowledged(first.id(), 0, Durability.SYNCED);
        store(first);
        store(batch);

        assertThat(judge()).isEmpty();
        assertThat(judge()).as("again, with nothing new").isEmpty();
    }

    @Test
    void writtenAppendThatIsGone_isALoss() {
        ledger.submits(first.id());
        ledger.acknowledged(first.id(), 0, Durability.WRITTEN);

        assertThat(judge()).singleElement().asString().contains("is lost");
    }

    @Test
    void acceptedAppendThatIsGone_isFine() {
        ledger.submits(first.id());
        ledger.acknowledged(first.id(), 0, Durability.ACCEPTED);

        assertThat(judge()).isEmpty();
    }

    @Test
    void appendAtAnotherOffsetThanAcknowledged_isFound() {
        ledger.submits(first.id());
        ledger.submits(batch.id());
        ledger.acknowledged(first.id(), 0, Durability.SYNCED);
        store(batch);

        assertThat(judge()).singleElement().asString().contains("is lost");
        log.clear();
        store(first);
        assertThat(judge()).as("what was recovered before is gone").isNotEmpty();
    }

    @Test
    void appendThatNobodySubmitted_isFound() {
        store(first);

        assertThat(judge()).singleElement().asString().contains("never submitted");
    }

    @Test
    void partOfABatch_isFound() {
        ledger.submits(batch.id());
        store(batch);
        log.remove(log.size() - 1);

        assertThat(judge()).singleElement().asString().contains("not whole");
    }

    @Test
    void appendThatIsThereTwice_isFound() {
        ledger.submits(first.id());
        store(first);
        store(first);

        assertThat(judge()).singleElement().asString().contains("twice");
    }

    @Test
    void appendsOfAThreadInAnotherOrder_areFound() {
        ledger.submits(first.id());
        ledger.submits(batch.id());
        store(batch);
        store(first);

        assertThat(judge()).singleElement().asString().contains("stands behind a later one");
    }

    @Test
    void holeBetweenAppends_isFound() {
        ledger.submits(first.id());
        store(first);
        log.set(0, new KillListing.Entry(5, first.count(), first.id(), 0));

        assertThat(judge()).isNotEmpty();
    }

    @Test
    void valueWithOneOtherByte_isNotWhatWasAppended() {
        byte[] value = first.value(0);
        assertThat(first.holds(0, value, first.entries() == 1 ? first.count() : 1))
                .isTrue();

        value[value.length - 1] ^= 1;
        assertThat(first.holds(0, value, first.entries() == 1 ? first.count() : 1))
                .isFalse();
    }
}
