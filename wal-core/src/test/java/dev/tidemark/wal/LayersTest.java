package dev.tidemark.wal;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LayersTest {

    private static final String OURS = "dev.tidemark.wal";
    private static final String PLANTED = "dev.tidemark.planted";

    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(OURS);
    private static final JavaClasses OFFENDERS = new ClassFileImporter().importPackages(PLANTED);

    @ParameterizedTest
    @EnumSource
    void ourCode_keepsTheRule(LayerRule rule) {
        assertThat(MAIN).isNotEmpty();
        rule.in(OURS).allowEmptyShould(true).check(MAIN);
    }

    @ParameterizedTest
    @EnumSource
    void classThatBreaksTheRule_isFound(LayerRule rule) {
        List<String> found =
                rule.in(PLANTED).evaluate(OFFENDERS).getFailureReport().getDetails();
        assertThat(found).as("violations of %s", rule).anyMatch(detail -> detail.contains(rule.offenderIn(PLANTED)));
    }

    /** The planted classes are each wrong in one way; a rule that condemns the others would condemn ours. */
    @ParameterizedTest
    @EnumSource
    void classThatKeepsTheRule_isNotFound(LayerRule rule) {
        List<String> found =
                rule.in(PLANTED).evaluate(OFFENDERS).getFailureReport().getDetails();
        assertThat(found).as("violations of %s", rule).allMatch(detail -> detail.contains(rule.offenderIn(PLANTED)));
    }
}
