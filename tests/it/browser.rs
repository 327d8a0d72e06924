//! A person before a real browser: headless Chromium, driven over WebDriver, on the page of the simulated Feishu.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::feishu::house;
use crate::harness::{Client, eventually};
use crate::script::*;

/// The name under which WebDriver gives elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A browser; it is closed when the test ends.
struct Browser {
    driver: Client,
    session: String,
    child: Child,
    /// Kept open: it writes on.
    _said: BufReader<ChildStdout>,
}

impl Browser {
    /// None, with a line that says so, where there is no browser; in CI there has to be one.
    fn start() -> Option<Self> {
        let spawned =
            Command::new("chromedriver").args(["--port=0"]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => {
                assert!(std::env::var_os("CI").is_none(), "chromedriver cannot be started: {error}");
                eprintln!("skipped: there is no chromedriver (Debian: chromium-driver)");
                return None;
            }
        };
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let port = eventually("chromedriver says its port", || {
            let mut line = String::new();
            said.read_line(&mut line).unwrap();
            line.trim().trim_end_matches('.').rsplit_once("successfully on port ")?.1.parse::<u16>().ok()
        });
        let driver = Client::to(SocketAddr::from(([127, 0, 0, 1], port)));
        let arguments =
            ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1200,2400"];
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": arguments}}}});
        let made = driver.post("/session", wanted).expect(200);
        let session = made["value"]["sessionId"].as_str().unwrap().to_owned();
        Some(Self { driver, session, child, _said: said })
    }

    fn tell(&self, command: &str, body: Value) -> Value {
        self.driver.post(&format!("/session/{}/{command}", self.session), body).expect(200)["value"].take()
    }

    fn open(&self, url: &str) {
        self.tell("url", json!({"url": url}));
    }

    /// The element, once it is there; cards are drawn anew when they change.
    fn find(&self, xpath: &str) -> String {
        eventually(xpath, || {
            let found = self.tell("elements", json!({"using": "xpath", "value": xpath}));
            found[0][ELEMENT].as_str().map(str::to_owned)
        })
    }

    fn click(&self, xpath: &str) {
        eventually(&format!("a click on {xpath}"), || {
            let path = format!("/session/{}/element/{}/click", self.session, self.find(xpath));
            (self.driver.post(&path, json!({})).status == 200).then_some(())
        });
    }

    fn write(&self, xpath: &str, text: &str) {
        self.tell(&format!("element/{}/value", self.find(xpath)), json!({"text": text}));
    }

    /// Waits until the notice says this.
    fn toast(&self, says: &str) {
        self.find(&format!("//*[@id='toast'][starts-with(., '{says}')]"));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _closed = self.driver.status("DELETE", &format!("/session/{}", self.session), None);
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// The card of a task, with this title.
fn card(task: &str, title: &str) -> String {
    format!("//article[.//*[@class='subtitle'][starts-with(., '{task} ')]][.//*[@class='title'][.='{title}']]")
}

#[test]
fn a_person_decides_on_cards_in_a_browser_and_sees_them_change_in_place() {
    let Some(browser) = Browser::start() else { return };
    let (feishu, _server, people) = house();
    let [refused, approved, grave] =
        ["date", "uptime", "rm -rf /srv/none"].map(|command| submit(&people.submitter, command));
    browser.open(&feishu.url());

    let pending = "Approval needed";
    browser.write(&format!("{}//textarea[@name='reason']", card(&refused, pending)), "not today");
    browser.click(&format!("{}//button[.='Reject']", card(&refused, pending)));
    browser.toast("Rejected.");
    browser.find(&format!("{}[contains(., 'not today')]", card(&refused, "Rejected")));

    browser.click(&format!("{}//button[.='Approve']", card(&approved, pending)));
    browser.toast("Approved.");
    browser.find(&card(&approved, "Approved"));

    browser.click(&format!("{}//button[.='Hand to an administrator']", card(&grave, pending)));
    browser.toast("Handed to an administrator.");
    browser.click("//select[@id='person']/option[contains(., 'administrator')]");
    browser.click("//nav/button[starts-with(., 'Hermes')]");
    browser.click(&format!("{}//button[.='Approve']", card(&grave, "Final review by an administrator")));
    browser.find("//dialog[@open][contains(., 'high-risk')]");
    browser.click("//dialog//button[.='Confirm']");
    browser.toast("Approved.");

    // What was approved runs; the rest does not.
    let ran = [run(&people.worker, "w", 0), run(&people.worker, "w", 0)].map(|grant| grant.task_id.to_string());
    assert!(ran.contains(&approved) && ran.contains(&grave), "{ran:?}");
    browser.find(&card(&grave, "Finished and archived"));
    assert_eq!(show(&people.auditor, &refused)["status"], "rejected");
    let trail = people.auditor.get("/api/audit/log?limit=200").expect(200).to_string();
    for told in
        ["feishu", "ou_xiaoqiang", "ou_peng", "task.rejected", "task.escalated", "task.approved", "task.finished"]
    {
        assert!(trail.contains(told), "{told} is not in the trail: {trail}");
    }
}
