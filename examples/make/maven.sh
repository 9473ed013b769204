#!/usr/bin/env bash
# A shop in three Maven modules. Writes
#   github-maven-passed.log          all is well
#   github-maven-test-failed.log     a JUnit test fails, after some that print errors and pass
#   maven-compile-error.log          the second module uses a method that the first has renamed

source "$(dirname "$0")/common.sh"
project shop

module() { # NAME [DEPENDS-ON]
    mkdir -p "$1"/src/{main,test}/java/com/northwind/shop/"$1"
    cat >"$1/pom.xml" <<XML
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>com.northwind.shop</groupId><artifactId>shop</artifactId><version>1.8.0-SNAPSHOT</version></parent>
  <artifactId>shop-$1</artifactId>
  <name>Shop :: $1</name>
  <dependencies>
    ${2:+<dependency><groupId>com.northwind.shop</groupId><artifactId>shop-$2</artifactId><version>1.8.0-SNAPSHOT</version></dependency>}
    <dependency><groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId><version>5.10.2</version><scope>test</scope></dependency>
  </dependencies>
</project>
XML
}

cat >pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>com.northwind.shop</groupId>
  <artifactId>shop</artifactId>
  <version>1.8.0-SNAPSHOT</version>
  <packaging>pom</packaging>
  <name>Shop</name>
  <modules><module>core</module><module>orders</module><module>web</module></modules>
  <properties>
    <maven.compiler.source>17</maven.compiler.source>
    <maven.compiler.target>17</maven.compiler.target>
  </properties>
  <build>
    <pluginManagement>
      <plugins>
        <plugin><artifactId>maven-resources-plugin</artifactId><version>3.3.1</version></plugin>
        <plugin>
          <artifactId>maven-compiler-plugin</artifactId>
          <version>3.11.0</version>
          <configuration><showDeprecation>true</showDeprecation></configuration>
        </plugin>
        <plugin><artifactId>maven-surefire-plugin</artifactId><version>3.2.5</version></plugin>
        <plugin><artifactId>maven-jar-plugin</artifactId><version>3.3.0</version></plugin>
      </plugins>
    </pluginManagement>
  </build>
</project>
XML

module core
module orders core
module web orders

cat >core/src/main/java/com/northwind/shop/core/Money.java <<'JAVA'
package com.northwind.shop.core;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Currency;

public record Money(BigDecimal amount, Currency currency) {

    public static Money of(String amount, String currency) {
        return new Money(new BigDecimal(amount), Currency.getInstance(currency));
    }

    /** @deprecated use {@link #of(String, String)} */
    @Deprecated(since = "1.6", forRemoval = false)
    public static Money euros(double amount) {
        return new Money(BigDecimal.valueOf(amount), Currency.getInstance("EUR"));
    }

    public Money plus(Money other) {
        if (!currency.equals(other.currency)) {
            throw new IllegalArgumentException("cannot add " + other.currency + " to " + currency);
        }
        return new Money(amount.add(other.amount), currency);
    }

    public Money times(int factor) {
        return new Money(amount.multiply(BigDecimal.valueOf(factor)), currency);
    }

    public Money rounded() {
        return new Money(amount.setScale(2, RoundingMode.HALF_EVEN), currency);
    }
}
JAVA
cat >core/src/test/java/com/northwind/shop/core/MoneyTest.java <<'JAVA'
package com.northwind.shop.core;

import static org.junit.jupiter.api.Assertions.*;

import java.math.BigDecimal;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MoneyTest {
    @Test
    void addsTheSameCurrency() {
        assertEquals(Money.of("3.50", "EUR"), Money.of("1.25", "EUR").plus(Money.of("2.25", "EUR")));
    }

    @Test
    void refusesAnotherCurrency() {
        var error = assertThrows(IllegalArgumentException.class,
                () -> Money.of("1", "EUR").plus(Money.of("1", "USD")));
        System.err.println("ERROR: " + error);
        error.printStackTrace();
    }

    @Test
    void stillKnowsEuros() {
        assertEquals(0, Money.euros(1.5).amount().compareTo(new BigDecimal("1.50")));
    }

    @ParameterizedTest
    @CsvSource({"1.005,1.00", "1.015,1.02", "1.025,1.02", "2.5,2.50", "-1.005,-1.00"})
    void roundsHalfToEven(String amount, String rounded) {
        assertEquals(Money.of(rounded, "EUR"), Money.of(amount, "EUR").rounded());
    }

    @Test
    @Disabled("SHOP-412: rates are not there yet")
    void converts() {
        fail();
    }
}
JAVA
cat >orders/src/main/java/com/northwind/shop/orders/Order.java <<'JAVA'
package com.northwind.shop.orders;

import com.northwind.shop.core.Money;
import java.util.ArrayList;
import java.util.List;

public class Order {
    public record Line(String sku, int quantity, Money price) {}

    private final List<Line> lines = new ArrayList();

    public Order add(String sku, int quantity, String price) {
        lines.add(new Line(sku, quantity, Money.of(price, "EUR")));
        return this;
    }

    public List<Line> lines() {
        return List.copyOf(lines);
    }

    public Money total() {
        Money sum = Money.euros(0);
        for (Line line : lines) {
            sum = sum.plus(line.price().times(line.quantity()));
        }
        return sum.rounded();
    }
}
JAVA
cat >orders/src/main/java/com/northwind/shop/orders/Shipping.java <<'JAVA'
package com.northwind.shop.orders;

import com.northwind.shop.core.Money;
import java.math.BigDecimal;

public class Shipping {
    private static final BigDecimal FREE_FROM = new BigDecimal("50.00");

    public Money cost(Order order, String country) {
        if (order.total().amount().compareTo(FREE_FROM) >= 0) {
            return Money.of("0.00", "EUR");
        }
        return switch (country) {
            case "DE" -> Money.of("4.90", "EUR");
            case "AT", "NL", "BE" -> Money.of("8.90", "EUR");
            default -> throw new IllegalArgumentException("no shipping to " + country);
        };
    }
}
JAVA
cat >orders/src/test/java/com/northwind/shop/orders/OrderTest.java <<'JAVA'
package com.northwind.shop.orders;

import static org.junit.jupiter.api.Assertions.*;

import com.northwind.shop.core.Money;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class OrderTest {
    @Test
    void addsUpItsLines() {
        var order = new Order().add("mug", 2, "7.50").add("poster", 1, "12.00");
        assertEquals(Money.of("27.00", "EUR"), order.total());
    }

    @Test
    void startsEmpty() {
        assertTrue(new Order().lines().isEmpty());
    }

    @RepeatedTest(5)
    void doesNotLeakItsList() {
        var order = new Order().add("mug", 1, "7.50");
        assertThrows(UnsupportedOperationException.class, () -> order.lines().clear());
    }
}
JAVA
cat >orders/src/test/java/com/northwind/shop/orders/ShippingTest.java <<'JAVA'
package com.northwind.shop.orders;

import static org.junit.jupiter.api.Assertions.*;

import com.northwind.shop.core.Money;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

class ShippingTest {
    private final Shipping shipping = new Shipping();

    private static Order orderOver(String price) {
        return new Order().add("lamp", 1, price);
    }

    @Test
    void isFreeFromFiftyEuros() {
        assertEquals(Money.of("0.00", "EUR"), shipping.cost(orderOver("50.00"), "DE"));
    }

    @Test
    void costsMoreAbroad() {
        assertEquals(Money.of("8.90", "EUR"), shipping.cost(orderOver("20.00"), "AT"));
    }

    @Test
    void saysWhereItDoesNotShip() {
        var error = assertThrows(IllegalArgumentException.class, () -> shipping.cost(orderOver("9.00"), "AQ"));
        System.out.println("[ERROR] shipping failed: " + error.getMessage());
        assertEquals("no shipping to AQ", error.getMessage());
    }

    @Test
    @Disabled("needs the carrier's sandbox")
    void asksTheCarrier() {}
}
JAVA
cat >web/src/main/java/com/northwind/shop/web/Checkout.java <<'JAVA'
package com.northwind.shop.web;

import com.northwind.shop.core.Money;
import com.northwind.shop.orders.Order;
import com.northwind.shop.orders.Shipping;
import java.util.logging.Logger;

public class Checkout {
    private static final Logger LOG = Logger.getLogger(Checkout.class.getName());
    private final Shipping shipping = new Shipping();

    public Money pay(Order order, String country, Gateway gateway) {
        Money due = order.total().plus(shipping.cost(order, country));
        for (int attempt = 1; ; attempt++) {
            try {
                gateway.charge(due);
                return due;
            } catch (RuntimeException e) {
                LOG.severe("payment failed (attempt " + attempt + "): " + e.getMessage());
                if (attempt == 3) throw e;
            }
        }
    }

    public interface Gateway {
        void charge(Money due);
    }
}
JAVA
cat >web/src/test/java/com/northwind/shop/web/CheckoutTest.java <<'JAVA'
package com.northwind.shop.web;

import static org.junit.jupiter.api.Assertions.*;

import com.northwind.shop.core.Money;
import com.northwind.shop.orders.Order;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class CheckoutTest {
    private final Order order = new Order().add("mug", 2, "7.50");

    @Test
    void chargesTheTotalWithShipping() {
        assertEquals(Money.of("19.90", "EUR"), new Checkout().pay(order, "DE", due -> {}));
    }

    @Test
    void triesThreeTimes() {
        var calls = new AtomicInteger();
        new Checkout().pay(order, "DE", due -> {
            if (calls.incrementAndGet() < 3) throw new IllegalStateException("gateway timeout after 5000 ms");
        });
        assertEquals(3, calls.get());
    }
}
JAVA

# Everything is fetched by a first run; the logs are of runs offline.
mvn -q -B clean verify >/dev/null 2>&1

github github-maven-passed.log --repo northwind-lab/shop \
    --env JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64 \
    'java -version' 'mvn -B -ntp -o clean verify'

# The free limit is raised, but one test still has the old one.
sed -i 's/"50.00"/"75.00"/' orders/src/main/java/com/northwind/shop/orders/Shipping.java
github github-maven-test-failed.log --repo northwind-lab/shop \
    --env JAVA_HOME=/usr/lib/jvm/java-17-openjdk-amd64 \
    'java -version' 'mvn -B -ntp -o clean verify' 'ls -l web/target/*.jar'

sed -i 's/Money times(/Money multiply(/' core/src/main/java/com/northwind/shop/core/Money.java
raw maven-compile-error mvn -B -ntp -o -Dstyle.color=always clean verify
