package dev.tidemark.crashtest;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The judgement, on readings that were tampered with. */
class LedgerTest {
    private static final long SEED = 3;

    private final Ledger ledger = new Ledger();

    /** Three appends of one thread: the first two acknowledged, the third under way. */
    @BeforeEach
    void threeAppends() {
        ledger.submits(0, 1);
        ledger.acknowledged(0, 2);
        ledger.submits(1, 3);
        ledger.acknowledged(1, 4);
        ledger.submits(2, 5);
    }

    private static Reading reading(long... ids) {
        Reading reading = new Reading(SEED);
        for (long id : ids) {
            reading.add(Payload.of(SEED, id));
        }
        return reading;
    }

    @Test
    void allThatWasAcknowledged_isRight() {
        assertThat(ledger.judge(reading(0, 1))).isEmpty();
    }

    @Test
    void whatWasUnderWay_mayBeThere() {
        assertThat(ledger.judge(reading(0, 1, 2))).isEmpty();
    }

    @Test
    void missingRecord_isFound() {
        assertThat(ledger.judge(reading(0, 2)))
                .singleElement()
                .asString()
                .startsWith("acknowledged, and missing: 1 record");
    }

    @Test
    void missingRecordThatWasNotAcknowledgedYet_isRight() {
        assertThat(ledger.judge(reading(0), 3)).isEmpty();
    }

    @Test
    void recordThatWasNotSubmittedYet_isFound() {
        assertThat(ledger.judge(reading(0, 1, 2), 5)).singleElement().asString().startsWith("never submitted");
    }

    @Test
    void wrongOrder_isFound() {
        assertThat(ledger.judge(reading(1, 0))).singleElement().asString().startsWith("in front of others");
    }

    @Test
    void appendsThatOverlap_mayLieInAnyOrder() {
        Ledger two = new Ledger();
        two.submits(0, 1);
        two.submits(1, 2);
        two.acknowledged(0, 3);
        two.acknowledged(1, 4);

        assertThat(two.judge(reading(1, 0))).isEmpty();
    }

    @Test
    void recordThatIsThereTwice_isFound() {
        assertThat(ledger.judge(reading(0, 1, 1))).singleElement().asString().startsWith("there twice");
    }

    @Test
    void recordOfNobody_isFound() {
        assertThat(ledger.judge(reading(0, 1, 77))).singleElement().asString().startsWith("never submitted");
    }

    @Test
    void changedByte_isFound() {
        Reading reading = reading(0, 1);
        byte[] changed = Payload.of(SEED, 2);
        changed[changed.length - 1] ^= 1;
        reading.add(changed);

        assertThat(ledger.judge(reading)).singleElement().asString().startsWith("with bytes that nobody submitted");
    }

    @Test
    void recordThatWasGoneAndComesBack_isFound() {
        ledger.settle(reading(0, 1));

        assertThat(ledger.judge(reading(0, 1, 2))).singleElement().asString().startsWith("never submitted");
    }

    @Test
    void recordThatWasShownAndIsGone_isFound() {
        ledger.settle(reading(0, 1, 2));

        assertThat(ledger.judge(reading(0, 1)))
                .singleElement()
                .asString()
                .startsWith("an earlier opening showed 3 records");
    }
}
