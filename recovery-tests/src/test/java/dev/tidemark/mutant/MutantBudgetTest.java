package dev.tidemark.mutant;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.mutant.Mutant.Attempt;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MutantBudgetTest {

    private static Mutant mutant(String name, Part part, String... fails) {
        return new Mutant(
                name,
                "it",
                List.of("P1"),
                List.of(new Attempt(part, "")),
                List.of(fails),
                new Patch(List.of(), Map.of()));
    }

    @Test
    void shortForm_hasAMutantForEachTestThatHasToFailAndAFewForEachPart() {
        List<Mutant> all = List.of(
                mutant("a", Part.PROMISES, "P1_one"),
                mutant("b", Part.PROMISES, "P1_one"),
                mutant("c", Part.PROMISES, "P1_one", "P2_two"),
                mutant("d", Part.CRASH),
                mutant("e", Part.CRASH),
                mutant("f", Part.CRASH),
                mutant("g", Part.CRASH, "P3_three"),
                mutant("h", Part.FAULTS));
        assertThat(MutantBudget.SHORT.of(all)).extracting(Mutant::name).containsExactly("a", "c", "d", "e", "g", "h");
        assertThat(MutantBudget.NORMAL.of(all)).isEqualTo(all);
    }
}
