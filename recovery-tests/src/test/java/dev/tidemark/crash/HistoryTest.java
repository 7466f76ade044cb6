package dev.tidemark.crash;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.crash.History.Crash;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.PartitionId;
import org.junit.jupiter.api.Test;

/** What is asked of a log that somebody truncates while others append to it: no more than is sure, and that in full. */
class HistoryTest {
    private final History.Log log = new History().log(new PartitionId("p", 0));

    private Submission submitted(long at, long offset) {
        Submission submission = log.submitted(AppendRequest.of(new byte[] {(byte) at}), at);
        submission.tookOffset(offset);
        return submission;
    }

    private Submission acknowledged(long at, long offset) {
        Submission submission = submitted(at, offset);
        log.acknowledged(at + 1, submission, Durability.SYNCED);
        return submission;
    }

    private void truncated(long askedAt, long toldAt, long end) {
        log.truncating(askedAt, end);
        log.truncated(toldAt);
    }

    @Test
    void acknowledgementNotedBehindATruncationThatOverlappedIt_asksForNoMoreThanWasLeft() {
        acknowledged(1, 0);
        Submission overlapping = submitted(3, 1);
        truncated(4, 6, 1);
        log.acknowledged(7, overlapping, Durability.SYNCED);
        assertThat(log.requiredEnd(Crash.POWER_LOSS, 8)).isEqualTo(1);
    }

    @Test
    void acknowledgementWithALaterTimeThatIsNotedFirst_isLoweredByTheTruncation() {
        acknowledged(1, 0);
        log.truncating(3, 1);
        Submission meanwhile = submitted(4, 1);
        log.acknowledged(9, meanwhile, Durability.SYNCED);
        log.truncated(6);
        assertThat(log.requiredEnd(Crash.POWER_LOSS, 10)).isEqualTo(1);
        assertThat(log.requiredEnd(Crash.KILL, 10)).isEqualTo(1);
    }

    @Test
    void appendSubmittedBehindATruncation_isRequiredInFull() {
        acknowledged(1, 0);
        truncated(3, 4, 0);
        acknowledged(5, 0);
        acknowledged(7, 1);
        assertThat(log.requiredEnd(Crash.POWER_LOSS, 9)).isEqualTo(2);
    }

    @Test
    void endOfASyncThatATruncationOverlapped_isThatOfTheTruncation() {
        int before = log.truncationsOver();
        truncated(3, 4, 2);
        log.synced(5, 7, before);
        assertThat(log.requiredEnd(Crash.POWER_LOSS, 5)).isEqualTo(2);
        log.synced(6, 7, log.truncationsOver());
        assertThat(log.requiredEnd(Crash.POWER_LOSS, 6)).isEqualTo(7);
    }

    @Test
    void appendThatLayBehindTheNewEnd_isGoneForGood_andOneThatOverlappedMayBeThere() {
        Submission truncated = acknowledged(1, 1);
        log.truncating(3, 1);
        Submission meanwhile = submitted(4, 1);
        log.truncated(5);
        assertThat(log.at(1, 4)).containsExactly(truncated, meanwhile);
        assertThat(log.at(1, 5)).containsExactly(meanwhile);
    }

    @Test
    void truncationThatWasRefused_takesNothingBack() {
        acknowledged(1, 0);
        log.truncating(3, 0);
        log.notTruncated();
        assertThat(log.requiredEnd(Crash.POWER_LOSS, 4)).isEqualTo(1);
        acknowledged(5, 1);
        assertThat(log.requiredEnd(Crash.POWER_LOSS, 6)).isEqualTo(2);
    }
}
