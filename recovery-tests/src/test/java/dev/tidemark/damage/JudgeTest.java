package dev.tidemark.damage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.crash.Submission;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.io.SimulatedDisk;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.NavigableMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The judge finds what it looks for: it is shown stores that it must not let pass. */
class JudgeTest {
    private static final Path STORE = Path.of("STORE");

    private final Specimen specimen = SmallStore.make(false, 1, SmallStore.Ending.CLOSED);
    private final Specimen.Log log = specimen.logs().values().iterator().next();
    private final Path segment = log.file(log.segments().lastKey());
    private final SimulatedDisk disk = specimen.copy();

    /** A judge who is told that these files were damaged, and no others. */
    private Judge judge(Path... changed) {
        NavigableMap<Path, byte[]> files = new TreeMap<>();
        disk.files().forEach(file -> files.put(Specimen.DATA.relativize(file), disk.contents(file)));
        FileKind victim = changed.length == 0 ? FileKind.OWNER : specimen.kindOf(changed[0]);
        Injury injury = new Injury(InjuryKind.FLIPPED_BIT, victim, "by hand", Set.of(changed), files);
        return new Judge(specimen, injury, disk, new SplittableRandom(1));
    }

    private void assertViolation(Judge judge, String text) {
        assertThatThrownBy(judge::judge).isInstanceOf(Judge.Violation.class).hasMessageContaining(text);
    }

    private void damage(Path file, byte[] bytes) {
        disk.damage(Specimen.DATA.resolve(file), bytes);
    }

    @Test
    void undamagedStore_passes() {
        assertThat(judge().judge().outcome()).isEqualTo(Outcome.ALL_THERE);
    }

    @Test
    void otherBytesThanThoseAppended_areAViolation() {
        Submission other = new Submission(AppendRequest.of(new byte[] {1, 2, 3}), 0);
        other.tookOffset(0);
        log.records().put(0L, other);

        assertViolation(judge(), "wrong bytes");
    }

    /** The segment ends earlier, and PARTITION was made to agree: nothing on the disk shows it, only the judge knows. */
    @Test
    void recordsThatAreGoneWithoutAWord_areAViolation() {
        Anatomy anatomy = log.segments().lastEntry().getValue();
        Anatomy.Frame third = anatomy.frames().get(2);
        PartitionFile shorter = log.metadata()
                .change()
                .withoutCleanStamp()
                .provenEnd(third.offset())
                .done();
        damage(segment, Arrays.copyOf(anatomy.bytes(), third.position()));
        damage(log.metadataFile(), shorter.encode());

        assertThatThrownBy(() -> judge().lookOnly())
                .isInstanceOf(Judge.Violation.class)
                .hasMessageContaining("records are gone");
    }

    @Test
    void damageThatIsReportedWhereNothingThatMattersWasDamaged_isAViolation() {
        disk.flipBit(
                Specimen.DATA.resolve(segment),
                8L * (log.segments().lastEntry().getValue().frames().get(1).position() + 10));

        assertViolation(judge(Path.of("RESERVE")), "verify cries for nothing");
    }

    @Test
    void refusedPartitionThatWasNotDamaged_isAViolation() {
        disk.flipBit(Specimen.DATA.resolve(segment), 100);

        assertThatThrownBy(() -> judge().lookOnly())
                .isInstanceOf(Judge.Violation.class)
                .hasMessageContaining("was refused");
    }

    @Test
    void storeThatIsRefusedForAnotherFile_isAViolation() {
        disk.flipBit(Specimen.DATA.resolve(STORE), 100);

        assertThatThrownBy(() -> judge(segment).lookOnly())
                .isInstanceOf(Judge.Violation.class)
                .hasMessageContaining("STORE is whole");
    }

    @Test
    void errorThatNamesAnotherFile_isCounted() {
        disk.flipBit(Specimen.DATA.resolve(log.metadataFile()), 200);
        Judge judge = judge(segment);

        judge.lookOnly();

        assertThat(judge.verdict().wrongFiles()).isNotEmpty();
        assertThat(judge.verdict().rightFiles()).isZero();
    }

    @Test
    void memoryThatGrowsWithTheDamage_isAViolation() {
        long before = Allocations.ofThisThread() - (100L << 20);

        assertThatThrownBy(() -> judge().requireBounded("something", before))
                .isInstanceOf(Judge.Violation.class)
                .hasMessageContaining("allocated");
    }

    @Test
    void fileThatWasChangedByWhoMayNot_isAViolation() {
        long before = disk.fingerprint();
        disk.flipBit(Specimen.DATA.resolve(segment), 35_000);

        assertThatThrownBy(() -> judge().requireUnchanged("a reader", before))
                .isInstanceOf(Judge.Violation.class)
                .hasMessageContaining("changed files");
    }
}
