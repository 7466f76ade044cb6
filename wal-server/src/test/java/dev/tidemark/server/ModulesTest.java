package dev.tidemark.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** What client and server may use of each other and of the core. */
class ModulesTest {
    private static final JavaClasses MAIN = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("dev.tidemark.client", "dev.tidemark.server", "dev.tidemark.cli");

    @Test
    void client_usesOfTheCoreItsApiAndItsFormat() {
        assertThat(MAIN).isNotEmpty();
        noClasses()
                .that()
                .resideInAPackage("dev.tidemark.client..")
                .should()
                .dependOnClassesThat(DescribedPredicate.describe(
                        "are of the core, and neither api nor format", ModulesTest::isInner))
                .because("a client is no engine; it decodes frames with the one decoder there is")
                .check(MAIN);
    }

    private static boolean isInner(JavaClass type) {
        String name = type.getPackageName();
        return (name.equals("dev.tidemark.wal") || name.startsWith("dev.tidemark.wal."))
                && !name.equals("dev.tidemark.wal.api")
                && !name.equals("dev.tidemark.wal.format");
    }

    @Test
    void nothingUsesTheServer_butTheCommandLine() {
        noClasses()
                .that()
                .resideOutsideOfPackages("dev.tidemark.server..", "dev.tidemark.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.tidemark.server..")
                .check(MAIN);
    }

    @Test
    void protocol_usesNothingElseOfTheClient() {
        noClasses()
                .that()
                .resideInAPackage("dev.tidemark.client.protocol..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.tidemark.client")
                .check(MAIN);
    }

    @Test
    void tls_usesNothingElseOfTheClient_andSecurityNothingElseOfTheServer() {
        noClasses()
                .that()
                .resideInAPackage("dev.tidemark.client.tls..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("dev.tidemark.client", "dev.tidemark.client.protocol..")
                .check(MAIN);
        noClasses()
                .that()
                .resideInAPackage("dev.tidemark.server.security..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.tidemark.server")
                .check(MAIN);
    }

    @Test
    void everyPackage_isNullMarked() {
        classes()
                .should(new ArchCondition<JavaClass>("be in a package that is @NullMarked") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        events.add(new SimpleConditionEvent(
                                type,
                                type.getPackage().isAnnotatedWith(NullMarked.class),
                                type.getName() + " is in a package that is not @NullMarked"));
                    }
                })
                .check(MAIN);
    }
}
