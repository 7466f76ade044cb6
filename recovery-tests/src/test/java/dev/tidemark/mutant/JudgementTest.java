package dev.tidemark.mutant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.mutant.Mutant.Attempt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JudgementTest {
    private static final Attempt SEED_7 = new Attempt(Part.CRASH, "7");
    private static final Attempt ALL_SEEDS = new Attempt(Part.CRASH, "");
    private static final Attempt ONE_TEST = new Attempt(Part.PROMISES, "P1_one");

    private final List<Attempt> asked = new ArrayList<>();
    private final Map<Attempt, Findings> answers = new LinkedHashMap<>();

    private Judgement judge(List<Attempt> caughtBy, List<String> fails) throws Exception {
        Patch nothing = new Patch(List.of(), Map.of());
        Judgement judgement = new Judgement(new Mutant("m", "it", List.of("P1"), caughtBy, fails, nothing));
        judgement.judge("classes", (classes, attempt) -> {
            asked.add(attempt);
            return answers.getOrDefault(attempt, Findings.passed(10));
        });
        return judgement;
    }

    @Test
    void whatIsKnownToCatchItDoes_nothingElseIsTried() throws Exception {
        answers.put(SEED_7, Findings.caught(3, "a record is gone"));
        Judgement judgement = judge(List.of(SEED_7), List.of());
        assertThat(asked).containsExactly(SEED_7);
        assertThat(judgement.complaints()).isEmpty();
        assertThat(judgement.caughtBy()).contains(Part.CRASH);
        assertThat(judgement.line()).contains("crash enumeration", "3 states");
        assertThat(judgement.words()).isEqualTo("crash enumeration: 7 -> a record is gone");
    }

    @Test
    void caseThatCaughtItNoLongerDoes_theSamePartIsTriedInFull() throws Exception {
        answers.put(ALL_SEEDS, Findings.caught(300, "a record is gone"));
        Judgement judgement = judge(List.of(SEED_7), List.of());
        assertThat(asked).containsExactly(SEED_7, ALL_SEEDS);
        assertThat(judgement.complaints()).isEmpty();
    }

    @Test
    void thePartThatIsNamedDoesNotCatchIt_isAComplaint() throws Exception {
        Judgement judgement = judge(List.of(SEED_7, ONE_TEST), List.of());
        assertThat(asked).containsExactly(SEED_7, ONE_TEST, ALL_SEEDS, new Attempt(Part.PROMISES, ""));
        assertThat(judgement.caughtBy()).isEmpty();
        assertThat(judgement.complaints())
                .singleElement()
                .asString()
                .contains("m was not caught by crash enumeration: 7; promise tests: P1_one");
    }

    @Test
    void promiseTestThatShouldFailPasses_isAComplaint() throws Exception {
        answers.put(SEED_7, Findings.caught(3, "a record is gone"));
        assertThat(judge(List.of(SEED_7), List.of("P1_one")).complaints())
                .singleElement()
                .asString()
                .contains("P1_one");
        answers.put(ONE_TEST, Findings.caught(1, "P1_one: expected 1 and found 0"));
        Judgement judgement = judge(List.of(SEED_7), List.of("P1_one"));
        assertThat(judgement.complaints()).isEmpty();
        assertThat(judgement.failedTests()).containsExactly("P1_one");
    }
}
