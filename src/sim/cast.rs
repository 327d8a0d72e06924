//! The app, the people and the chat of a simulated company, as the supervisor beside it is told of them.

use super::platform::{App, Chat, Person, Platform};

const APP_ID: &str = "cli_sim";
const APP_SECRET: &str = "secret-of-the-simulated-app";
const ENCRYPT_KEY: &str = "encrypt-key-of-the-simulated-app";
const VERIFICATION_TOKEN: &str = "token-of-the-simulated-app";
const TENANT_KEY: &str = "tenant_sim";
const CHAT: &str = "oc_approvals";
const COMMANDER: &str = "ou_xiaoqiang";
const ADMIN: &str = "ou_peng";
const EXECUTOR: &str = "ou_executor";
const SUBMITTER: &str = "ou_xiaomei";
const BYSTANDER: &str = "ou_bystander";

/// A company with one chat in which approvals are asked for.
pub fn company() -> Platform {
    let text = |text: &str| text.to_owned();
    let person = |open_id: &str, name: &str, title: &str| Person {
        open_id: text(open_id),
        name: text(name),
        title: text(title),
    };
    let app = App {
        app_id: text(APP_ID),
        app_secret: text(APP_SECRET),
        encrypt_key: text(ENCRYPT_KEY),
        verification_token: text(VERIFICATION_TOKEN),
        tenant_key: text(TENANT_KEY),
    };
    let people = vec![
        person(COMMANDER, "小强", "commander"),
        person(ADMIN, "鹏老板", "administrator"),
        person(EXECUTOR, "阿执", "executor"),
        person(SUBMITTER, "小美", "submitter"),
        person(BYSTANDER, "路人", "may not decide"),
    ];
    let members = [COMMANDER, ADMIN, EXECUTOR, BYSTANDER].map(text).to_vec();
    Platform::new(app, people, vec![Chat { chat_id: text(CHAT), name: text("审批 Approvals"), members }])
}

/// The settings of a supervisor that speaks to this company.
pub fn environment(base_url: &str) -> Vec<(&'static str, String)> {
    [
        ("FEISHU_BASE_URL", base_url),
        ("FEISHU_APP_ID", APP_ID),
        ("FEISHU_APP_SECRET", APP_SECRET),
        ("FEISHU_ENCRYPT_KEY", ENCRYPT_KEY),
        ("FEISHU_VERIFY_TOKEN", VERIFICATION_TOKEN),
        ("FEISHU_TENANT_KEY", TENANT_KEY),
        ("FEISHU_CHAT_ID", CHAT),
        ("COMMANDER_OPEN_ID", COMMANDER),
        ("FEISHU_ADMIN_ID", ADMIN),
        ("EXECUTOR_OPEN_ID", EXECUTOR),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}
