import com.zaxxer.hikari.HikariDataSource;
import java.util.Map;
import java.util.TreeMap;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.core.StringRedisTemplate;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** An application that sets nothing itself: all that it knows comes from its environment. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@RestController
public class App {
  private final StringRedisTemplate redis;
  private final KafkaTemplate<Object, Object> kafka;
  private final HikariDataSource database;
  private final CachingConnectionFactory rabbit;
  private final Environment environment;

  public App(
      StringRedisTemplate redis,
      KafkaTemplate<Object, Object> kafka,
      HikariDataSource database,
      CachingConnectionFactory rabbit,
      Environment environment) {
    this.redis = redis;
    this.kafka = kafka;
    this.database = database;
    this.rabbit = rabbit;
    this.environment = environment;
  }

  public static void main(String[] arguments) {
    SpringApplication.run(App.class, arguments);
  }

  @GetMapping("/redis/{key}")
  String value(@PathVariable String key) {
    return redis.opsForValue().get(key);
  }

  @GetMapping("/kafka/{text}")
  long offset(@PathVariable String text) {
    return kafka.sendDefault(text).join().getRecordMetadata().offset();
  }

  @GetMapping("/property/{name}")
  String property(@PathVariable String name) {
    return environment.getProperty(name);
  }

  @GetMapping("/clients")
  Map<String, Object> clients() {
    Map<String, Object> found = new TreeMap<>();
    found.put("database.url", database.getJdbcUrl());
    found.put("database.user", database.getUsername());
    found.put("database.password", database.getPassword());
    found.put("database.properties", database.getDataSourceProperties());
    found.put("rabbit.address", rabbit.getHost() + ":" + rabbit.getPort());
    found.put("rabbit.user", rabbit.getUsername());
    found.put("rabbit.tls", rabbit.getRabbitConnectionFactory().isSSL());
    return found;
  }
}
