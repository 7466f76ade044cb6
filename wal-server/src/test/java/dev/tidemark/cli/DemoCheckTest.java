package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A check that found nothing wrong proves something only if it finds what is wrong. */
class DemoCheckTest {

    private static final long SEED = 7;
    private static final DemoPlan PLAN = DemoPlan.of(SEED, Duration.ZERO, 1);
    /** The first thread of the plan writes to partition 0, one record at a time. */
    private static final int WRITER = 0;

    private final DemoLedger ledger = new DemoLedger(PLAN);

    /** Records 0 and 1 were acknowledged at their offsets, record 2 was submitted. */
    private void threeSubmittedTwoAcknowledged() {
        for (int i = 0; i < 3; i++) {
            ledger.add(DemoMessage.submitted(WRITER, i, 1), 0);
        }
        for (int i = 0; i < 2; i++) {
            ledger.add(DemoMessage.acknowledged(WRITER, i, 1, i, 1000), i);
        }
    }

    private static byte[] payload(long sequence) {
        return DemoPayload.of(SEED, WRITER, sequence);
    }

    private List<String> problemsOf(byte[]... values) {
        DemoCheck check = new DemoCheck(PLAN, ledger);
        for (int i = 0; i < values.length; i++) {
            check.entry(0, i, values[i]);
        }
        check.finish();
        return check.problems();
    }

    @Test
    void everythingAcknowledged_isFine() {
        threeSubmittedTwoAcknowledged();
        assertThat(problemsOf(payload(0), payload(1))).isEmpty();
    }

    @Test
    void submittedAndNeverAcknowledged_mayBeThere() {
        threeSubmittedTwoAcknowledged();
        assertThat(problemsOf(payload(0), payload(1), payload(2))).isEmpty();
    }

    @Test
    void acknowledgedRecordThatIsMissing_isFound() {
        threeSubmittedTwoAcknowledged();
        assertThat(problemsOf(payload(0))).singleElement().asString().contains("missing");
    }

    @Test
    void recordThatWasNeverSubmitted_isFound() {
        threeSubmittedTwoAcknowledged();
        assertThat(problemsOf(payload(0), payload(1), payload(2), payload(3)))
                .singleElement()
                .asString()
                .contains("never submitted");
    }

    @Test
    void recordsInAnotherOrder_areFound() {
        threeSubmittedTwoAcknowledged();
        assertThat(problemsOf(payload(1), payload(0))).anyMatch(problem -> problem.contains("order"));
    }

    @Test
    void flippedBit_isFound() {
        threeSubmittedTwoAcknowledged();
        byte[] flipped = payload(1);
        flipped[flipped.length - 1] ^= 1;
        assertThat(problemsOf(payload(0), flipped)).singleElement().asString().contains("other bytes");
    }

    @Test
    void recordAtAnotherOffsetThanAcknowledged_isFound() {
        ledger.add(DemoMessage.submitted(WRITER, 0, 1), 0);
        ledger.add(DemoMessage.acknowledged(WRITER, 0, 1, 5, 1000), 0);
        assertThat(problemsOf(payload(0))).singleElement().asString().contains("another offset");
    }

    @Test
    void valueOfNobody_isFound() {
        assertThat(problemsOf(new byte[] {1, 2, 3})).singleElement().asString().contains("no thread wrote");
    }

    @Test
    void halfABatch_isFound() {
        DemoPlan.Writer batches = PLAN.writers().stream()
                .filter(writer -> writer.batchRecords() > 1)
                .findFirst()
                .orElseThrow();
        ledger.add(DemoMessage.submitted(batches.number(), 0, batches.batchRecords()), 0);
        DemoCheck check = new DemoCheck(PLAN, ledger);
        for (int i = 0; i < batches.batchRecords() - 1; i++) {
            check.entry(batches.partition(), i, DemoPayload.of(SEED, batches.number(), i));
        }
        check.finish();
        assertThat(check.problems()).singleElement().asString().contains("not whole");
    }

    @Test
    void payloads_differFromOneAnother() {
        List<String> all = new ArrayList<>();
        for (int writer = 0; writer < 3; writer++) {
            for (long sequence = 0; sequence < 3; sequence++) {
                all.add(Arrays.toString(DemoPayload.of(SEED, writer, sequence)));
            }
        }
        assertThat(all).doesNotHaveDuplicates();
    }

    @Test
    void ledger_knowsWhatIsUnderWay() {
        threeSubmittedTwoAcknowledged();
        assertThat(ledger.underWay()).isEqualTo(1);
        assertThat(ledger.acknowledgedRecords()).isEqualTo(2);
        assertThat(ledger.waitedNanos().quantile(0.5)).isEqualTo(1000);
    }
}
